"""Configuration from the environment: MAILGATE_IMAP__PORT=1143 is `[imap] port`.

Every key that holds one value can be set so, the passwords also by a file:
MAILGATE_IMAP__PASSWORD_FILE. Lists (agents, notify, timers, keywords) have no
variable. Other MAILGATE_ variables, without `__`, are none of the configuration's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from mailgate.config import forms as forms
from mailgate.config.models import SECTIONS
from mailgate.config.problems import Problem
from mailgate.config.rows import StateRow
from mailgate.config.toml_lines import Loc

_PREFIX = "MAILGATE_"
FILE_SUFFIX = "_FILE"
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that sets one key, itself or by the file it names."""

    loc: Loc
    field: FieldInfo
    by_file: bool = False


def variable_name(loc: Loc) -> str:
    """The variable of a key: ("imap", "port") -> "MAILGATE_IMAP__PORT"."""
    return _PREFIX + "__".join(str(key).upper().replace("-", "_") for key in loc)


def variables(states: Iterable[str]) -> dict[str, Variable]:
    """Every variable that there is, for a desk with these states."""
    found: dict[str, Variable] = {}
    for section, model in SECTIONS.items():
        for key, field in model.model_fields.items():
            if forms.is_scalar(field):
                found[variable_name((section, key))] = Variable((section, key), field)
            if forms.is_secret(field):
                name = variable_name((section, key)) + FILE_SUFFIX
                found[name] = Variable((section, key), field, by_file=True)
    for state in states:
        for key, field in StateRow.model_fields.items():
            if forms.is_scalar(field):
                loc: Loc = ("states", state, key)
                found[variable_name(loc)] = Variable(loc, field)
    return found


def override(
    document: dict[str, Any], environ: Mapping[str, str]
) -> tuple[dict[Loc, str], list[Problem]]:
    """Put the variables of `environ` into `document` (in place).

    Returns which key came from which variable, and the variables that are wrong.
    """
    states = document.get("states")
    known = variables(states if isinstance(states, dict) else ())
    origin: dict[Loc, str] = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or "__" not in name:
            continue
        variable = known.get(name)
        if variable is None:
            problems.append(_problem(name, _unknown(name, known)))
        elif variable.loc in origin:
            other = origin[variable.loc]
            problems.append(_problem(name, f"sets the same key as {other}; keep one of the two"))
        else:
            origin[variable.loc] = name
            value, message = _value(variable, environ[name])
            if message:
                problems.append(_problem(name, message))
            _put(document, variable.loc, value)
    return origin, problems


def _problem(name: str, message: str) -> Problem:
    return Problem("environment", None, name, message)


def _unknown(name: str, known: Mapping[str, Variable]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no such setting{hint} (only keys with one value have a variable; see docs/config.md)"


def _value(variable: Variable, text: str) -> tuple[object, str]:
    """The value as TOML would have given it, and what is wrong with it ("" for nothing)."""
    if variable.by_file:
        return _secret(Path(text))
    if variable.field.annotation is bool:
        return _WORDS.get(text.strip().lower(), text), ""
    if variable.field.annotation is int and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        return int(text), ""
    return text, ""


def _secret(path: Path) -> tuple[str, str]:
    """The first line of a secret's file; its content is never part of a message."""
    try:
        text = path.read_bytes().decode("utf-8").strip("\r\n")
    except OSError as error:
        return "", f"cannot read {path}: {error.strerror or error}"
    except ValueError:
        return "", f"{path} is not UTF-8 text; it must hold the password alone"
    if not text or "\n" in text:
        return "", f"{path} must hold the password alone, on one line"
    return text, ""


def _put(document: dict[str, Any], loc: Loc, value: object) -> None:
    """Set one key; a section that is no table stays, to be reported as such."""
    table: Any = document
    for key in loc[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            return
    table[loc[-1]] = value
