"""How a key is written, in words: for error messages and for the reference.

Both are read off the models, so that a message, the reference and the check
cannot disagree.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from enum import EnumMeta
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from mailgate.config.toml_lines import Loc
from mailgate.config.types import Form, OneOrMany

_LIST = "a list, each "


def form(field: FieldInfo) -> str:
    """What the value of a model's field looks like, to be read after "must be"."""
    text = _form(field.annotation, field.metadata)
    if OneOrMany in field.metadata:
        return f"{text.removeprefix(_LIST)}, or a list of these"
    return text


def item_form(field: FieldInfo) -> str:
    """The same for one element of a list field."""
    return _form(get_args(field.annotation)[0], ())


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def is_scalar(field: FieldInfo) -> bool:
    """Whether the field holds one value rather than a list."""
    return get_origin(field.annotation) is not tuple


def rows(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a list field's elements, None when they are plain values."""
    element = next(iter(get_args(field.annotation)), None)
    return element if isinstance(element, type) and issubclass(element, BaseModel) else None


def fields_at(model: type[BaseModel], loc: Loc) -> tuple[type[BaseModel], FieldInfo | None]:
    """The model that the last key of `loc` belongs to, and its field there (None: unknown)."""
    field: FieldInfo | None = None
    for key in loc:
        if isinstance(key, int):
            continue
        if field is not None and (inner := rows(field)):
            model = inner
        field = model.model_fields.get(key)
    return model, field


def either(words: Sequence[str]) -> str:
    """`"a"`, `"a" or "b"`, `"a", "b" or "c"`."""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def _form(annotation: Any, metadata: Sequence[Any]) -> str:
    for mark in metadata:
        if isinstance(mark, Form):
            return mark.text
    inner = getattr(annotation, "__metadata__", None)
    if inner is not None:  # typing.Annotated
        return _form(annotation.__origin__, inner)
    if get_origin(annotation) is tuple:
        return _LIST + _form(get_args(annotation)[0], ())
    if get_origin(annotation) is Literal:
        return either(get_args(annotation))
    if isinstance(annotation, EnumMeta):
        return either([str(member.value) for member in annotation])  # type: ignore[var-annotated]
    if annotation is int:
        return _whole_number(metadata)
    return {bool: "true or false", str: "text", SecretStr: "text"}.get(annotation, "a table")


def _whole_number(metadata: Sequence[Any]) -> str:
    """Every number of the configuration has a range."""
    low = next(mark.ge for mark in metadata if isinstance(mark, Ge))
    high = next(mark.le for mark in metadata if isinstance(mark, Le))
    return f"a whole number from {low} to {high}"


def kind(value: object) -> str:
    """What a value read from TOML is, in words."""
    names: dict[type, str] = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "a table",
        list: "a list",
        tuple: "a list",
        types.NoneType: "nothing",
    }
    return names.get(type(value), "a date or time")


def shown(value: object) -> str:
    """A value for a message: a short plain one as written, else what it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and len(value) <= 60:
        return f'"{value}"'
    if isinstance(value, int) and abs(value) < 10**20:
        return str(value)
    return kind(value)
