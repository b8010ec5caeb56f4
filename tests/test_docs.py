"""The documents say what the program does: commands, the five lines, links between files."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from mailgate import checks
from mailgate.__main__ import app
from mailgate.config import Config, load, shipped
from rules.keywords import FIXED_KEYWORDS, read_agent
from rules.model import Address, Outcome
from rules.notify import Occasion, tells
from rules.policy import By, On
from store.tables import Base

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
ADMIN = (ROOT / "docs/admin.md").read_text("utf-8")
AGENTS = (ROOT / "docs/agents.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
PASSWORDS = {"MAILGATE_IMAP__PASSWORD": "in", "MAILGATE_SMTP__PASSWORD": "out"}


def commands(of: typer.Typer, before: str = "mailgate") -> Iterator[str]:
    for command in of.registered_commands:
        assert command.callback
        yield f"{before} {command.name or command.callback.__name__}"
    for group in of.registered_groups:
        assert group.typer_instance
        yield from commands(group.typer_instance, f"{before} {group.name}")


@pytest.mark.parametrize("command", list(commands(app)))
def test_every_command_stands_in_the_readme(command: str) -> None:
    *_, group, name = command.split()
    near = rf"{group}\b[^\n]*\b{name}\b" if group != "mailgate" else rf"mailgate {name}\b"
    assert re.search(near, README), f"README.md does not name `{command}`"


def test_the_five_lines_make_a_desk(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert len(block.splitlines()) == 5
    (tmp_path / "config.toml").write_text(block, "utf-8")
    config = load(tmp_path / "config.toml", {})
    assert config.policy.agents
    assert config.policy.notify
    assert (config.imap.port, config.smtp.port) == (993, 465)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_architecture_names_every_module_of_the_road_and_every_table() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for table in Base.metadata.tables:
        assert f"`{table}`" in text, table
    for path in re.findall(r"`((?:mailgate|store|rules)/[a-z_/]+\.py)`", text):
        assert (ROOT / path).exists(), path


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def shown_commands() -> Iterator[str]:
    """Each line of a shell block that starts with one of our commands."""
    for page in PAGES:
        for line in "\n".join(blocks(page.read_text("utf-8"), "sh")).splitlines():
            if line.split()[:1] in (["mailgate"], ["make"]):
                yield f"{page.name}: {line}"


@pytest.mark.parametrize("shown", sorted(set(shown_commands())))
def test_every_command_shown_can_be_typed(shown: str) -> None:
    program, *args = shlex.split(shown.partition(": ")[2], comments=True)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert {arg for arg in args if "=" not in arg} <= set(targets)
        return
    # Parses names, options and arguments of each level, and calls nothing.
    command = typer.main.get_command(app)
    while group := getattr(command, "commands", {}):
        assert args
        assert args[0] in group, f"no such command: {args[0]}"
        command = group[args.pop(0)]
    command.make_context(command.name, args)


@pytest.mark.parametrize("half", [0, 1], ids=["french", "english"])
def test_the_agents_page_has_every_keyword_in_both_halves(half: int) -> None:
    page = AGENTS.split("\n# Answering tickets by mail\n")[half]
    states = tomllib.loads(shipped())["states"].values()
    words = [word for state in states for word in state.get("keywords", ())]
    answers = {"confirmer", "confirm", "refuser", "refuse"}  # the requester's, on his own page
    for word in {*words, *FIXED_KEYWORDS} - answers:
        assert re.search(rf"`#{word}[ `]", page), f"#{word} is missing"
    requesters = (ROOT / "docs/requesters.md").read_text("utf-8")
    for word in answers:
        assert f"`#{word}`" in requesters


def desk(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text, "utf-8")
    return load(folder / "config.toml", PASSWORDS)


def test_the_example_mails_of_agents_are_understood(tmp_path: Path) -> None:
    nadia = '\n[[agents]]\nname = "Nadia"\naddress = "nadia@fram.example"\n'
    policy = desk(tmp_path, shipped() + nadia).policy
    mails = blocks(AGENTS, "text")
    assert mails
    for mail in mails:
        orders, text = read_agent(policy, "sebastien@fram.example", mail)
        assert not orders.refused, mail
        assert orders.any == mail.startswith("#")
        assert text.strip()
        assert not text.startswith("#")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_admin_page_explains_every_outcome(outcome: Outcome) -> None:
    assert re.search(rf"^\| `{outcome}` \|", ADMIN, re.MULTILINE)


def pieces(node: ast.AST) -> list[str]:
    """The literal pieces of a sentence, between what it fills in."""
    found = ast.walk(node)
    return [n.value for n in found if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def held_reasons() -> Iterator[list[str]]:
    """Every sentence with which the code holds a mail."""
    for name in ("mailgate/intake.py", "rules/engine.py", "rules/agent.py"):
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "refusal":
                returns = (n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value)
                yield from (pieces(n.value) for n in returns if n.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                what = ast.unparse(node.args[0]) if node.args else ""
                if node.func.id in ("hold", "Reading") or what == "Outcome.HELD":
                    yield pieces(node.args[-1])


@pytest.mark.parametrize(
    "reason", [one for one in held_reasons() if any(one)], ids=lambda one: one[0][:30]
)
def test_the_admin_page_explains_every_reason_to_hold_a_mail(reason: list[str]) -> None:
    assert re.search(".{1,12}".join(re.escape(one.strip(" ")) for one in reason if one), ADMIN)


@cache
def sentences() -> str:
    """Every literal text of the program and its templates."""
    sources = (path for name in ("mailgate", "store") for path in (ROOT / name).rglob("*.py"))
    return "\n".join("\n".join(pieces(ast.parse(p.read_text("utf-8")))) for p in sources)


def test_the_troubles_of_the_admin_page_are_messages_of_the_program() -> None:
    table = ADMIN.partition("\n## Troubles\n")[2].partition("\n\n| what people say")[0]
    messages = [
        m for row in table.splitlines()[3:] for m in re.findall(r"`(.+?)`", row.split("|")[1])
    ]
    assert len(messages) > 20
    for message in messages:
        parts = [part.strip() for part in re.split(r"[…\d]+|: |; |'", message)]
        known = [part for part in parts if len(part) >= 7 and part in sentences()]
        assert known, f"nothing in the program says {message!r}"


def test_the_configurations_of_the_admin_page_work(tmp_path: Path) -> None:
    first, portal, kinds, clamd, state, rows, both, english = blocks(ADMIN, "toml")
    assert desk(tmp_path, first).policy.address == "support@fram.example"
    assert desk(tmp_path, f"{first}\n{portal}").portal.url == "https://support.fram.example"
    assert desk(tmp_path, f"{first}\n{kinds}").attachments.file == 10_000_000
    assert desk(tmp_path, f"{first}\n{clamd}").attachments.clamd == "/run/clamav/clamd.ctl"

    def shipped_with(below: str, above: str) -> Config:
        return desk(tmp_path, shipped().replace("\n]\n", f"\n{above}]\n", 1) + below)

    (template,) = blocks(ADMIN, "jinja")
    (tmp_path / "my-templates/mail/fr").mkdir(parents=True)
    (tmp_path / "my-templates/mail/fr/supplier.j2").write_text(template, "utf-8")
    fourth = shipped_with(f"\n{state}", rows)
    path = tmp_path / "config.toml"
    path.write_text(
        path.read_text("utf-8").replace('templates = ""', 'templates = "my-templates"'), "utf-8"
    )
    fourth = load(path, {})
    assert checks.templates(fourth) == []
    orders, _ = read_agent(fourth.policy, "sebastien@fram.example", "#fournisseur\nC'est commandé.")
    assert orders.state == "supplier"

    closing = Occasion(On.STATE, By.TIMER, None, Address("marie@fram.example"), state="closed")
    told = tells(shipped_with("", both).policy, closing)
    assert [(mail.recipient.email, mail.template) for mail in told] == [
        ("marie@fram.example", "closed"),
        ("sebastien@fram.example", "agent-state"),
    ]

    without_desk = "\n".join(line for line in first.splitlines() if not line.startswith("desk"))
    spoken = desk(tmp_path, f"{without_desk}\n{english}")
    assert spoken.desk.language == "en"
    assert checks.templates(spoken) == []


def test_the_standards_name_files_that_exist() -> None:
    page = (ROOT / "docs/standards.md").read_text("utf-8")
    paths = re.findall(r"`([a-z]+/[a-z_/]+\.py)`", page)
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path
