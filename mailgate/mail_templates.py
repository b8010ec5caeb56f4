"""The mail templates: two jinja environments over the same files, and their filters.

The words of a mail stand in one file, `mail/LANGUAGE/NAME.j2`, which fills the
blocks of `layout`: the text layout in one environment, the HTML layout (with
autoescape) in the other. An admin who overrides one file changes both halves.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.units import format_unit
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
    pass_context,
)
from jinja2.runtime import Context, Undefined
from jinja2.utils import urlize
from markupsafe import Markup, escape

_WIDTH = 72  # of the text half; RFC 3676 section 4.2 asks for 78 at most
_MAILTO = 1900  # characters of a mailto: link; Windows cuts at about 2,000
_INDENT = "  "  # before words that somebody wrote

# No blank that French typography keeps together is among these.
_BLANKS = re.compile(r"[ \t\n]+")
_CLOSING_SIGNS = re.compile(r"[)>.,]{50}")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_ABSENT = "templates: {} is missing; write it, or name another template"
_UNITS = ("byte", "kilobyte", "megabyte", "gigabyte")


def environments(
    locale: Locale, timezone: ZoneInfo, overrides: Path | None, words: Mapping[str, object]
) -> tuple[Environment, Environment]:
    """The environments for the text and for the HTML half.

    Looks for a template in `overrides` first, then among the shipped ones, which
    an override reaches under `shipped/…` to change a block or two. `words` are
    what every template knows.
    """
    # The shipped folder may be a namespace package: only a folder inside it has one path.
    shipped = Path(str(files("templates").joinpath("mail"))).parent
    places = [*([overrides] if overrides else []), shipped]
    loader = ChoiceLoader(
        [FileSystemLoader(places), PrefixLoader({"shipped": FileSystemLoader(shipped)})]
    )
    pair = []
    for kind in ("txt", "html"):
        environment = Environment(
            loader=loader,
            autoescape=kind == "html",  # noqa: S701 - plain text would show the escapes
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals.update(words, layout=f"mail/layout.{kind}.j2")
        environment.filters.update(_filters(locale, timezone))
        pair.append(environment)
    return pair[0], pair[1]


def problems(environment: Environment, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """What is wrong with these templates and those they build on, one sentence each.

    A file is missing, breaks jinja's syntax, or uses a name that is neither in
    `known` nor set by a template.
    """
    queue, sources, found = list(names), dict[str, nodes.Template](), []
    for name in queue:
        if name in sources or environment.loader is None:
            continue
        try:
            source = environment.loader.get_source(environment, name)[0]
            environment.get_template(name)
        except TemplateNotFound:
            found.append(_ABSENT.format(name))
            continue
        except TemplateSyntaxError as error:
            found.append(f"templates: {name}, line {error.lineno}: {error.message}")
            continue
        sources[name] = environment.parse(source)
        queue += [one for one in meta.find_referenced_templates(sources[name]) if one]
    given = set(known).union(*(_assigned(tree) for tree in sources.values()))
    for name, tree in sources.items():
        for unknown in sorted(meta.find_undeclared_variables(tree) - given):
            found.append(
                f"templates: {name} uses {unknown!r}, which no mail has; see docs/templates.md"
            )
    return found


def absent(environment: Environment, names: Iterable[str]) -> list[str]:
    """Which of these templates have no file, one sentence each; reads them no further."""
    assert environment.loader
    found = []
    for name in names:
        try:
            environment.loader.get_source(environment, name)
        except TemplateNotFound:
            found.append(_ABSENT.format(name))
    return found


def _assigned(tree: nodes.Template) -> set[str]:
    stored = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"}
    return stored | {macro.name for macro in tree.find_all(nodes.Macro)}


def mailto(address: str, subject: str, body: str) -> str:
    """A `mailto:` link (RFC 6068), its body cut where the link would pass 1,900 characters."""
    head = f"mailto:{_address(address)}?subject={_percent(subject, 800)}&body="
    return head + _percent(body, _MAILTO - len(head))


def _percent(text: str, room: int) -> str:
    """`text` percent-encoded into at most `room` characters, its line ends as CRLF."""
    whole = text
    encoded = "%0D%0A".join(map(_quoted, text.split("\n")))
    while len(encoded) > room:
        whole = whole[: min(len(whole) - 1, len(whole) * room // len(encoded))]
        encoded = quote(f"{whole}…", safe="").replace("%0A", "%0D%0A")
    return encoded


# A mail's links for a dozen keywords differ in one line; the desk's own words never change.
_SHORT = 200  # characters of a line that is worth remembering


@lru_cache(maxsize=4)
def _address(address: str) -> str:
    return quote(address, safe="@")


def _quoted(line: str) -> str:
    return _quoted_again(line) if len(line) <= _SHORT else quote(line, safe="")


@lru_cache(maxsize=256)
def _quoted_again(line: str) -> str:
    return quote(line, safe="")


# --- filters


def _filters(locale: Locale, timezone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    @pass_context
    def when(context: Context, moment: datetime | date) -> str:
        return written(context, "when_pattern", moment)

    @pass_context
    def day(context: Context, moment: datetime | date) -> str:
        return written(context, "day_pattern", moment)

    def written(context: Context, name: str, moment: datetime | date) -> str:
        noon = time(12)  # a bare day is one in the desk's zone
        hour = moment if isinstance(moment, datetime) else datetime.combine(moment, noon, timezone)
        local = hour.astimezone(timezone)
        pattern = context.resolve(f"{name}_1st") if local.day == 1 else context.resolve(name)
        if isinstance(pattern, Undefined):
            pattern = context.resolve(name)
        return formatted(local, str(pattern))

    @lru_cache(maxsize=256)  # both halves of a mail print the same hours
    def formatted(local: datetime, pattern: str) -> str:
        return format_datetime(local, pattern, locale=locale)

    def size(count: int) -> str:
        return file_size(count, locale)

    return {
        "when": when,
        "day": day,
        "size": size,
        "paragraphs": paragraphs,
        "stanzas": stanzas,
        "breaks": breaks,
        "prose": prose,
        "lines": lines,
        "indented": indented,
        "section": section,
    }


def file_size(count: int, locale: Locale) -> str:
    """So many bytes as people read them: "84 ko"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    value = round(value, 1 if value < 10 else None)
    return format_unit(value, f"digital-{_UNITS[unit]}", "short", locale=locale)


def paragraphs(words: str) -> list[str]:
    """The paragraphs of a template's words: cut at empty lines, each on one line.

    Markup stays Markup, as in the filters below.
    """
    found = (_same(words, _BLANKS.sub(" ", one).strip(" ")) for one in _EMPTY_LINES.split(words))
    return [one for one in found if one]


def stanzas(text: str) -> list[str]:
    """The paragraphs of what somebody wrote: cut at empty lines, their own line ends kept."""
    return [one.strip("\n") for one in _EMPTY_LINES.split(text) if one.strip()]


def breaks(text: str) -> Markup:
    """Escaped text with `<br>` for its line ends and its addresses made links."""
    if "://" not in text and "www." not in text and "@" not in text:
        return escape(text).replace("\n", Markup("<br>\n"))
    return Markup("<br>\n").join(map(_linked, text.split("\n")))


def _linked(line: str) -> Markup:
    # urlize takes minutes for 100 kB of these.
    if _CLOSING_SIGNS.search(line):
        return escape(line)
    return Markup(urlize(line, rel="nofollow noopener"))


def prose(words: str) -> str:
    """Paragraphs wrapped at 72 columns; a URL is never broken."""
    return "\n\n".join(_wrap(one, _WIDTH) for one in paragraphs(words))


def lines(words: str) -> str:
    """Lines wrapped at 72 columns, without empty ones and indentation."""
    stripped = (line.strip(" \t") for line in words.split("\n"))
    return "\n".join(_wrap(line, _WIDTH) for line in stripped if line)


def indented(text: str) -> str:
    """What somebody wrote: its own lines, indented, those too long wrapped at 72 columns."""
    width = _WIDTH - len(_INDENT)
    wrapped = "\n".join(_wrap(line, width) for line in text.split("\n"))
    return textwrap.indent(wrapped, _INDENT)


def section(text: str) -> str:
    """`text` with one empty line behind it, or nothing."""
    text = text.strip("\n")
    return f"{text}\n\n" if text.strip() else ""


def _wrap(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    return _wrapped(line, width) if len(line) <= _SHORT else _wrapped.__wrapped__(line, width)


@lru_cache(maxsize=256, typed=True)  # Markup is equal to its text
def _wrapped(line: str, width: int) -> str:
    return textwrap.fill(
        line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )


def _same(model: str, text: str) -> str:
    return Markup(text) if isinstance(model, Markup) else text
