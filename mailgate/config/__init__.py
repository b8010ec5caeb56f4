"""config.toml and the environment, read into one frozen Config.

`load` reports everything that is wrong at once, each with file, line and key.
The environment is passed in; the only files read are the configuration, the
secrets' files that the environment names, and the shipped configuration.

What goes wrong: a table that the user's file leaves out comes from the shipped
file, so a problem can stand in "config.toml (shipped)": a notification there
names a state that the user's own [states] does not have.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from mailgate.config.env import override
from mailgate.config.models import (
    SECTIONS,
    Attachments,
    Desk,
    Imap,
    Limits,
    Model,
    Portal,
    Smtp,
    Store,
    Trust,
)
from mailgate.config.policy import Tables, build_policy, check_tables
from mailgate.config.problems import ConfigError, M, Problem, Report, read, unknown_key
from mailgate.config.rows import TABLES, AgentRow, NotifyRow, StateRow
from mailgate.config.rules import check_sections, database_url
from mailgate.config.toml_lines import find_lines
from rules.policy import Policy

__all__ = ["Config", "ConfigError", "Problem", "load", "shipped"]

_BOM = b"\xef\xbb\xbf"  # Windows' Notepad writes one
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # UTF-16, which it calls "Unicode"
_DEFAULTED = ("states", "notify")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured. Agents, states and notifications stand in `policy`."""

    path: Path  # the file, absolute
    desk: Desk
    imap: Imap
    smtp: Smtp
    store: Store
    portal: Portal
    trust: Trust
    limits: Limits
    attachments: Attachments
    policy: Policy

    @property
    def database_url(self) -> str:
        """The database with an absolute path: "sqlite:////var/lib/mailgate.db"."""
        return database_url(self.store.url, self.path.parent)

    @property
    def templates(self) -> Path | None:
        """The folder of the desk's own templates, absolute; None without one."""
        return self.path.parent / self.desk.templates if self.desk.templates else None


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file `path`, with the MAILGATE_* variables of `environ`.

    Raises ConfigError with every problem found, sorted by line.
    """
    text = _read(path)
    document = _parse(text, str(path))
    defaulted = frozenset(name for name in _DEFAULTED if name not in document)
    shipped_text = shipped()
    for name in defaulted:
        document[name] = tomllib.loads(shipped_text)[name]
    variables, wrong = override(document, environ)
    report = Report(
        str(path),
        path.name,
        find_lines(text),
        find_lines(shipped_text) if defaulted else {},
        defaulted,
        variables,
        wrong,
    )
    config = _build(document, path.absolute(), report)
    if report.problems or config is None:
        raise ConfigError(sorted(report.problems, key=_place)) from None
    return config


def shipped() -> str:
    """The text of the shipped config.toml: in the wheel, or at the root of a checkout."""
    package = files("mailgate")
    packed = package / "config.toml"
    if packed.is_file():
        return packed.read_text("utf-8")
    return (Path(str(package)).parent / "config.toml").read_text("utf-8")


def _place(problem: Problem) -> tuple[str, int]:
    return problem.file, problem.line or 0


def _read(path: Path) -> str:
    """The file's text. Raises ConfigError when there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        message = (
            "there is no such file; write one (README.md shows five lines that make a desk)"
            " or name yours with --config FILE"
        )
    except IsADirectoryError:
        message = "is a folder; name the file in it, such as config.toml"
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}; check its owner and mode"
    else:
        return _decode(data, str(path))
    raise ConfigError([Problem(str(path), None, "", message)])


def _decode(data: bytes, file: str) -> str:
    data = data.removeprefix(_BOM)
    try:
        if data.startswith(_WIDE):
            raise UnicodeDecodeError("utf-8", data, 0, 2, "UTF-16")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise ConfigError([Problem(file, line, "", "is not UTF-8 text; save the file as UTF-8")])


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError([Problem(file, None, "", "is nested too deeply")]) from None
    except ValueError as error:  # also of int(), for numbers of thousands of digits
        raise ConfigError([_syntax(text, file, str(error))]) from None


def _syntax(text: str, file: str, message: str) -> Problem:
    """tomllib's error with the line taken out of its text, and what to do."""
    lines = text.split("\n")
    match = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)", message)
    number = int(match[1]) if match else len(lines)
    what = re.sub(r" \(at .*\)$", "", message)
    key = re.match(r"""\s*\[*\s*([A-Za-z0-9_."'-]+)\s*(?:=|\])""", lines[number - 1])
    if any(word in what for word in ("overwrite", "twice", "immutable", "Duplicate")):
        hint = (
            "this key or section stands twice; keep one"
            " (a list written as name = [ … ] takes new rows between its brackets)"
        )
    else:
        hint = "not valid TOML; texts stand in quotes, a backslash in them is doubled"
    return Problem(file, number, key[1] if key else "", f"{hint}: {what}")


def _build(document: dict[str, Any], path: Path, report: Report) -> Config | None:
    """Validate every part by itself, so that one broken part hides nothing of the others."""
    known = [*SECTIONS, *TABLES]
    for key in document:
        if key not in known:
            report.add((key,), unknown_key(key, known, "the file"))
    sections: dict[str, Model] = {}
    for name, model in SECTIONS.items():
        if (section := read(model, document.get(name, {}), (name,), report)) is not None:
            sections[name] = section
    agents = _rows(document.get("agents", []), "agents", AgentRow, report)
    if document.get("agents", []) == []:
        report.add(("agents",), "at least one is needed: write [[agents]] with name and address")
    check_sections(sections, agents, path.parent, report)
    if not isinstance(document["states"], dict):
        report.add(("states",), "must be a table: write [states.NAME] for each state")
        return None
    tables = _tables(document, report)
    check_tables(tables, report)
    if report.problems:
        return None
    parts = cast(dict[str, Any], sections)
    return Config(path, **parts, policy=build_policy(parts["desk"], agents, tables, report))


def _rows(value: object, name: str, model: type[M], report: Report) -> dict[int, M]:
    """The valid rows of a list of tables, by their rank."""
    if not isinstance(value, list):
        report.add((name,), f"must be a list of tables: write [[{name}]] above each row")
        return {}
    rows: dict[int, M] = {}
    for rank, item in enumerate(value):
        if (row := read(model, item, (name, rank), report)) is not None:
            rows[rank] = row
    return rows


def _tables(document: dict[str, Any], report: Report) -> Tables:
    states = document["states"]
    valid: dict[str, StateRow] = {}
    for name, item in states.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
            report.add(
                ("states", name),
                'a state is named with a to z, 0 to 9, "_" and "-"; what people read is its label',
            )
        elif (row := read(StateRow, item, ("states", name), report)) is not None:
            valid[name] = row
    notify = _rows(document["notify"], "notify", NotifyRow, report)
    whole = isinstance(document["notify"], list) and len(notify) == len(document["notify"])
    return Tables(tuple(states), valid, notify, whole)
