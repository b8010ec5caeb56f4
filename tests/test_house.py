"""The house rules that a machine can check: who imports whom, sizes, clocks, what is tracked.

Each rule is a function from source text to the list of what is wrong, so that the cases at the
end of this file can show that it fails where it should.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mailgate", "store", "rules")

# Who may import which of our modules ("rules.model" stands for that module alone), and whether
# libraries from outside the standard library are allowed.
ARROWS = {
    "mailgate": (("mailgate", "store", "rules"), True),
    "store": (("store", "rules.model"), True),
    "rules": (("rules",), False),
}
OURS = {*PACKAGES, "templates", "tests"}

# What makes a result depend on more than its arguments. In mailgate only these files may: the
# rest is given `now`, references, tokens and settings.
HIDDEN_INPUTS = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
    *("datetime.date.today", "time.time", "time.time_ns", "random", "secrets"),
    *("os.environ", "os.getenv", "os.urandom", "uuid.uuid1", "uuid.uuid4"),
)
EDGES = {
    "mailgate/daemon.py": (),
    "mailgate/cli/__init__.py": ("os",),
    "mailgate/cli/desk.py": ("datetime",),
    "mailgate/cli/held.py": ("datetime",),
    "mailgate/config/env.py": ("os",),
}

# They RFC 2047-encode In-Reply-To and References that are longer than a line, which breaks
# threading in other mail programs; mails are built and read with policies of our own.
BROKEN_POLICIES = tuple(
    f"email.policy.{name}" for name in ("default", "SMTP", "SMTPUTF8", "strict", "HTTP")
)

# A group with a possessive quantifier may match half of what it repeats: Python below 3.11.5 leaves
# the end where the failed try stood (github.com/python/cpython/issues/106052). On one character
# or class they hold.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")

MAX_FILE, MAX_FUNCTION = 300, 60
REASON = re.compile(r"^\s*# Length: \w+")


# -- the rules -------------------------------------------------------------------------------


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of everything imported, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def wrong_imports(package: str, source: str) -> list[str]:
    allowed, libraries = ARROWS[package]
    wrong = []
    for line, name in imported(ast.parse(source)):
        top = name.split(".")[0]
        if not top:
            wrong.append(f"{line}: relative import {name}")
        elif top in OURS and not within(name, allowed):
            wrong.append(f"{line}: {package} must not import {name}")
        elif top not in OURS and not libraries and top not in sys.stdlib_module_names:
            wrong.append(f"{line}: {package} imports only the standard library, not {name}")
    return wrong


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of what is imported or named, with import aliases resolved."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    yield from imported(tree)
    for node in ast.walk(tree):
        parts: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if parts and isinstance(inner, ast.Name) and inner.id in known:
            yield inner.lineno, ".".join([known[inner.id], *reversed(parts)])


def uses_of(names: tuple[str, ...], source: str) -> list[str]:
    tree = ast.parse(source)
    return sorted({f"{line}: {name}" for line, name in used(tree) if within(name, names)})


def possessive_groups(source: str) -> list[str]:
    return [line for line in source.splitlines() if POSSESSIVE_GROUP.search(line)]


def too_long(source: str) -> list[str]:
    lines = source.splitlines()

    def excused(start: int, end: int) -> bool:
        return any(REASON.match(line) for line in lines[max(start, 0) : end])

    wrong = []
    if len(lines) > MAX_FILE and not excused(0, 40):
        wrong.append(f"{len(lines)} lines; say why near the top: # Length: …")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or 0) - node.lineno + 1
        # The line above it, its head and docstring, and the line below them.
        if length > MAX_FUNCTION and not excused(node.lineno - 2, node.lineno + 15):
            wrong.append(f"{node.lineno}: {node.name} has {length} lines; say why: # Length: …")
    return wrong


def unfinished(text: str) -> list[str]:
    return re.findall(r".*\b(?:TO" + r"DO|FIX" + r"ME)\b.*", text)


def private_paths(text: str) -> list[str]:
    """Lines with a folder of one person's or one machine's own."""
    return re.findall(r".*(?<![\w.~-])/(?:home|root|Users|work)/.*", text)


# -- applied to this project -----------------------------------------------------------------


def sources(*packages: str) -> list[tuple[str, str]]:
    """(path from the root, text) of every Python file."""
    paths = sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))
    return [(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]


def project_files() -> list[Path]:
    """What git tracks or would track; only there does "the project's files" have a meaning."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # The checkout may belong to another user, as in a container.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30)
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_follow_the_arrows(package: str) -> None:
    found = [f"{p}:{w}" for p, text in sources(package) for w in wrong_imports(package, text)]
    assert found == []


def test_sizes() -> None:
    assert [f"{p}: {w}" for p, text in sources(*PACKAGES) for w in too_long(text)] == []


def test_no_hidden_clock_chance_or_environment() -> None:
    found = []
    for path, text in sources(*PACKAGES):
        allowed = EDGES.get(path)
        if allowed == ():
            continue
        names = tuple(n for n in HIDDEN_INPUTS if not allowed or not within(n, allowed))
        found += [f"{path}:{use}" for use in uses_of(names, text)]
    assert found == []


def test_no_broken_email_policy() -> None:
    found = [f"{p}:{u}" for p, text in sources("mailgate") for u in uses_of(BROKEN_POLICIES, text)]
    assert found == []


def test_no_possessive_groups() -> None:
    found = [f"{p}: {line}" for p, text in sources(*PACKAGES) for line in possessive_groups(text)]
    assert found == []


def test_nothing_unfinished_and_no_private_path_is_tracked() -> None:
    found = []
    for path in project_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.name}: {line[:120]}" for line in unfinished(text) + private_paths(text)]
    assert found == []


def test_the_lock_holds_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "--hash=sha256:" in text
    assert re.findall(r".*://.*", text) == []


def test_the_wheel_names_every_package() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = set(wheel["packages"])
    assert {name for name in named if not (ROOT / name).is_dir()} == set()
    present = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert present <= named
    assert set(PACKAGES) <= present


# -- each rule fails where it should ---------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("rules", "import store.db"),
        ("rules", "from mailgate import imap"),
        ("rules", "import sqlmodel"),
        ("rules", "from . import model"),
        ("store", "from rules import engine"),
        ("store", "from rules.engine import decide"),
        ("store", "def f():\n    import mailgate.parse"),
        ("mailgate", "from tests.servers import ports"),
    ],
)
def test_a_wrong_arrow_is_seen(package: str, source: str) -> None:
    assert len(wrong_imports(package, source)) == 1


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("rules", "import re\nfrom rules.model import Mail\nfrom rules import subject"),
        ("store", "from rules.model import Mail\nfrom rules import model\nimport sqlalchemy"),
        ("mailgate", "from rules.engine import decide\nimport store.db, imapclient"),
    ],
)
def test_a_right_arrow_passes(package: str, source: str) -> None:
    assert wrong_imports(package, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as dt, UTC\nx = dt.now(UTC)",
        "from datetime import date\ndate.today()",
        "import time\nwhen = time.time",
        "from time import time",
        "import random",
        "from secrets import token_hex",
        "import os\nos.environ.get('A')",
        "from os import environ",
    ],
)
def test_a_hidden_input_is_seen(source: str) -> None:
    assert uses_of(HIDDEN_INPUTS, source) != []


def test_what_only_looks_like_a_hidden_input_passes() -> None:
    harmless = "import os, time\nfrom datetime import datetime\ndef f(now: datetime, random: int):"
    harmless += "\n    return os.path, time.monotonic(), now.now, random.bit_count()"
    assert uses_of(HIDDEN_INPUTS, harmless) == []


@pytest.mark.parametrize(
    "source",
    [
        "from email import policy\npolicy.default",
        "import email.policy\nx = email.policy.SMTP",
        "from email.policy import SMTP",
        "from email import policy as p\np.SMTP.clone()",
    ],
)
def test_a_broken_policy_is_seen(source: str) -> None:
    assert uses_of(BROKEN_POLICIES, source) != []
    assert uses_of(BROKEN_POLICIES, "from email.policy import EmailPolicy, compat32") == []


def test_a_possessive_group_is_seen() -> None:
    for quantifier in ("*", "+", "?", "{1,9}", "{3}"):
        assert possessive_groups(f'x = re.compile("(?:a|b){quantifier}+")') != []
    assert possessive_groups('x = re.compile("(?:[ab]++|c)+ (d)?")') == []


def test_long_files_and_functions_need_a_reason() -> None:
    file = "x = 1\n" * 301
    assert len(too_long(file)) == 1
    assert too_long("# Length: one table\n" + file) == []
    function = "def f():\n" + "    x = 1\n" * 60
    assert len(too_long(function)) == 1
    assert too_long("# Length: one table\n" + function) == []
    assert len(too_long("# Length:\n" + function)) == 1


def test_unfinished_work_and_private_paths_are_seen() -> None:
    assert len(unfinished("a\n# TO" + "DO: b\nc")) == 1
    assert unfinished("TODOS, mastodo" + "n") == []
    for folder in ("home", "root", "work"):
        assert len(private_paths(f"see /{folder}" + "/me/x\nnothing")) == 1
    assert private_paths("https://x.example/home/me, docs/work/x, /var/lib/mailgate") == []


def loose_signs(page: str) -> list[str]:
    """Spaces of a French template that a line may break at, where French printers have it hold."""
    said = re.sub(r"{#.*?#}", "", page, flags=re.DOTALL)
    return re.findall(r""" [:;?!»](?=[\s"'<.,)\\]|$)|« """, said, re.MULTILINE)


def test_french_signs_do_not_begin_a_line() -> None:
    assert loose_signs("Ah ? « Oui » : non") == [" ?", "« ", " »", " :"]
    pages = [*ROOT.glob("templates/*/fr/*"), *ROOT.glob("templates/demo/*.html.j2")]
    assert len(pages) > 30
    assert {
        one.name: loose for one in pages if (loose := loose_signs(one.read_text("utf-8")))
    } == {}
