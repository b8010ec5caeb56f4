"""The configuration reference, printed from the models: `python -m mailgate.config.docs`.

docs/config.md is this output; a test compares the two.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from mailgate.config import forms as forms
from mailgate.config.env import FILE_SUFFIX, variable_name
from mailgate.config.models import SECTIONS
from mailgate.config.rows import TABLES, TimerRow

_INTRO = """\
# Configuration

<!-- Printed by `python -m mailgate.config.docs > docs/config.md`; edit the models instead. -->

One desk is one `config.toml`, read from the current folder or from `--config FILE`. `mailgate
check` names everything that is wrong with it, with file, line and key. Unknown keys are errors.

**Environment.** A key with one value is also set by the variable named beside it, which wins over
the file: `MAILGATE_IMAP__PORT=1143` is `[imap] port`. A password can be read from a file that a
variable names: `MAILGATE_IMAP__PASSWORD_FILE=/run/secrets/imap`. Lists have no variable. A
`MAILGATE_` variable with `__` that names no key is an error.

**Sizes** are bytes, or a text with kB, MB or GB (ko, Mo, Go): 1 kB is 1000 bytes. **Time spans**
are numbers with s, m, h, d or w (second, minute, hour, day, week), such as `"48h"` or `"1h30m"`.

**States and notifications.** Without `[states]` or `[[notify]]` the shipped table is used, the one
in the `config.toml` of mailgate. A table of your own replaces the shipped one as a whole. The name
of a state has a to z, 0 to 9, `_` and `-`, and starts with a letter.
"""


def reference() -> str:
    """The whole reference as Markdown, with a line end at its end."""
    parts = [_INTRO]
    parts += [_section(f"[{name}]", model, name) for name, model in SECTIONS.items()]
    for name, (written, model) in TABLES.items():
        parts.append(_section(written, model, "states.NAME" if name == "states" else ""))
        if name == "states":
            parts.append(_section("timers = [{…}]", TimerRow, ""))
    return "\n".join(parts)


def _section(written: str, model: type[BaseModel], path: str) -> str:
    """One table; `path` is where its variables start, "" when it has none."""
    lines = [f"## `{written}`", "", _prose(model), ""]
    lines += ["| key | value | default | what it does |", "|---|---|---|---|"]
    for key, field in model.model_fields.items():
        prose = [field.description or ""]
        if path and forms.is_scalar(field):
            variable = variable_name((*path.split("."), key))
            prose.append(f"`{variable}`")
            if forms.is_secret(field):
                prose.append(f"`{variable}{FILE_SUFFIX}`")
        cells = (f"`{key}`", forms.form(field), _default(field), "<br>".join(prose))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _prose(model: type[BaseModel]) -> str:
    return "\n".join(line.strip() for line in (model.__doc__ or "").strip().splitlines())


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):  # a default that depends on other keys
        return str(field.json_schema_extra["default"])
    return "required" if field.is_required() else f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:
    """A default as it would be written in the file."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case SecretStr():
            return '""'
        case Enum():
            return f'"{value.value}"'
        case str():
            return f'"{value}"'
    return str(value)


if __name__ == "__main__":
    sys.stdout.write(reference())
