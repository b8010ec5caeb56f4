"""What is wrong with a configuration: where it stands and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mailgate.config import forms as forms
from mailgate.config.models import SECTIONS
from mailgate.config.rows import TABLES
from mailgate.config.toml_lines import Loc

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `str()` is `config.toml:12: imap.port: …`."""

    file: str  # as given to `load`, or "environment"
    line: int | None  # from 1; None when no line of the file is to blame
    key: str  # "imap.port", "notify[3].tag" (counted from 1), a variable's name, or ""
    message: str  # what is wrong and what to do; never a secret

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(filter(None, [place, self.key, self.message]))


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds everything found, by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Report:
    """Knows where each key came from, and collects the problems."""

    file: str  # the file as given
    name: str  # without its folder, for the `source` of policy records
    lines: Mapping[Loc, int]
    shipped: Mapping[Loc, int]  # lines of the shipped file
    defaulted: frozenset[str]  # tables that were taken from the shipped file
    variables: Mapping[Loc, str]  # keys that the environment has set
    problems: list[Problem] = field(default_factory=list)

    def add(self, loc: Loc, message: str) -> None:
        if loc in self.variables:
            self.problems.append(Problem("environment", None, self.variables[loc], message))
            return
        file = f"{self.file} (shipped)" if self.is_shipped(loc) else self.file
        self.problems.append(Problem(file, self._line(loc), dotted(loc), message))

    def source(self, loc: Loc) -> str:
        """Where a policy record stands: "config.toml:57", "config.toml (shipped):57"."""
        name = "config.toml (shipped)" if self.is_shipped(loc) else self.name
        line = self._line(loc)
        return name if line is None else f"{name}:{line}"

    def is_shipped(self, loc: Loc) -> bool:
        """Whether the value stands in the shipped file: not the user's, not the environment's."""
        return bool(loc) and loc[0] in self.defaulted and loc not in self.variables

    def _line(self, loc: Loc) -> int | None:
        """The line of the key, or of what encloses it when it is missing."""
        lines = self.shipped if self.is_shipped(loc) else self.lines
        for length in range(len(loc), 0, -1):
            if loc[:length] in lines:
                return lines[loc[:length]]
        return None


def dotted(loc: Loc) -> str:
    """`("notify", 2, "tag")` as `notify[3].tag`."""
    text = ""
    for key in loc:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def read(model: type[M], value: object, loc: Loc, report: Report) -> M | None:
    """`value` as a `model`, or None with its problems reported below `loc`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            message = _explain(model, found, loc)
            if message:
                report.add((*loc, *found["loc"]), message)
    return None


def unknown_key(key: str, known: Iterable[str], written: str) -> str:
    """The message for a key that does not exist, with the nearest that does."""
    if near := difflib.get_close_matches(key, list(known), n=1, cutoff=0.6):
        return f'unknown key; did you mean "{near[0]}"?'
    homes = [f"[{name}]" for name, model in SECTIONS.items() if key in model.model_fields]
    if homes:
        return f"unknown key in {written}; it belongs in {' or '.join(homes)}"
    return f"unknown key in {written}; known are {', '.join(known)}"


def _explain(model: type[BaseModel], found: Any, loc: Loc) -> str:
    """One pydantic error in the words of this file; "" when another error says it already.

    Input is repeated only where it is no secret: neither of a password nor of an
    unknown key, which may be a misspelt password.
    """
    owner, field_ = forms.fields_at(model, found["loc"])
    last = found["loc"][-1] if found["loc"] else ""
    match found["type"]:
        case "value_error":
            return str(found["ctx"]["error"])
        case "missing":
            return _missing(str(last), (*loc, *found["loc"]))
        case "extra_forbidden":
            return unknown_key(str(last), owner.model_fields, _written(loc, found["loc"]))
        case "default_factory_not_called":
            return ""
        case "too_short" if found["input"]:
            return ""
        case "model_type":
            table = "a table" if found["loc"] else f"a table: write {_written(loc, ())}"
            return f"must be {table}, not {forms.kind(found['input'])}"
    if field_ is None:
        return str(found["msg"])
    wanted = forms.item_form(field_) if isinstance(last, int) else forms.form(field_)
    describe = forms.kind if forms.is_secret(field_) else forms.shown
    return f"must be {wanted}, not {describe(found['input'])}"


def _missing(key: str, loc: Loc) -> str:
    if len(loc) == 2 and loc[0] in SECTIONS:
        variable = f"MAILGATE_{loc[0]}__{loc[1]}".upper()
        return f"is missing; write {key} = … in [{loc[0]}], or set {variable}"
    return f"is missing; write {key} = …"


def _written(loc: Loc, below: Loc) -> str:
    """How the table that holds a key is written in the file."""
    if len(below) > 1:
        return f"{below[0]} = [{{…}}]"
    if len(loc) == 2 and loc[0] == "states":
        return f"[states.{loc[1]}]"
    return TABLES[str(loc[0])][0] if loc[0] in TABLES else f"[{loc[0]}]"
