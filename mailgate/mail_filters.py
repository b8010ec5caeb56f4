"""What the mail templates may do with texts, hours and sizes: their filters, and `mailto`.

A filter is a function of values. Results that many mails share are remembered: those of a
template's own words, and of what somebody wrote, which goes to several people.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date, datetime, time
from functools import lru_cache, wraps
from typing import Any, Literal, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.units import format_unit
from jinja2 import pass_context
from jinja2.runtime import Context, Undefined
from jinja2.utils import urlize
from markupsafe import Markup, escape

T = TypeVar("T")

_WIDTH = 72  # of the text half; RFC 3676 section 4.2 asks for 78 at most
_MAILTO = 1900  # characters of a mailto: link; Windows cuts at about 2,000
_SHORT = 200  # characters of a line that is worth remembering
_SAID = 4_000  # the same of what somebody wrote
_INDENT = "  "  # before words that somebody wrote

# No blank that French typography keeps together is among these.
_BLANKS = re.compile(r"[ \t\n]+")
_ODD_BLANK = re.compile(r"(?<![^ ])[^\S ]+(?![^ ])|[\n\x0b\x0c\r]")
_CLOSING_SIGNS = re.compile(r"[)>.,]{50}")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_UNITS = ("byte", "kilobyte", "megabyte", "gigabyte")


def _remembering(size: int, limit: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Decorates a function of a text: up to `size` results are kept, of texts up to `limit`."""

    def decorate(function: Callable[[str], T]) -> Callable[[str], T]:
        kept = lru_cache(maxsize=size, typed=True)(function)  # Markup is equal to its text

        def call(text: str) -> T:
            return kept(text) if len(text) <= limit else function(text)

        return wraps(function)(call)

    return decorate


def mailto(address: str, subject: str, body: str) -> str:
    """A `mailto:` link (RFC 6068), its body cut where the link would pass 1,900 characters."""
    head = _mailto_head(address, subject)
    return head + _percent(body, _MAILTO - len(head))


@lru_cache(maxsize=4)  # a mail's links for a dozen keywords differ in their body
def _mailto_head(address: str, subject: str) -> str:
    return f"mailto:{quote(address, safe='@')}?subject={_percent(subject, 800)}&body="


def _percent(text: str, room: int) -> str:
    """`text` percent-encoded into at most `room` characters, its line ends as CRLF."""
    whole = text
    encoded = "%0D%0A".join(map(_quoted, text.split("\n")))
    while len(encoded) > room:
        whole = whole[: min(len(whole) - 1, len(whole) * room // len(encoded))]
        encoded = quote(f"{whole}…", safe="").replace("%0A", "%0D%0A")
    return encoded


@_remembering(256, _SHORT)  # a mail's links for a dozen keywords differ in one line
def _quoted(line: str) -> str:
    return quote(line, safe="")


def filters(locale: Locale, timezone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    """Every filter of a desk's templates, by name."""

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
        "labelled": labelled,
        "remembered": remembered,
    }


def file_size(count: int, locale: Locale) -> str:
    """So many bytes as people read them: "84 ko", "8 octets"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    value = round(value, 1 if value < 10 else None)
    length: Literal["short", "long"] = "short" if unit else "long"  # CLDR's short "8 byte"
    return format_unit(value, f"digital-{_UNITS[unit]}", length, locale=locale)


@_remembering(256, _SHORT)  # a template's words vary little
def paragraphs(words: str) -> tuple[str, ...]:
    """The paragraphs of a template's words: cut at empty lines, each on one line.

    Markup stays Markup, as in the filters below.
    """
    found = (_same(words, _BLANKS.sub(" ", one).strip(" ")) for one in _EMPTY_LINES.split(words))
    return tuple(one for one in found if one)


def stanzas(text: str) -> list[str]:
    """The paragraphs of what somebody wrote: cut at empty lines, their own line ends kept."""
    return [one.strip("\n") for one in _EMPTY_LINES.split(text) if one.strip()]


@_remembering(64, _SAID)  # what somebody wrote goes to several people
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


@_remembering(256, _SHORT)
def prose(words: str) -> str:
    """Paragraphs wrapped at 72 columns; a URL is never broken."""
    return "\n\n".join(_wrap(one, _WIDTH) for one in paragraphs(words))


def lines(words: str) -> str:
    """Lines wrapped at 72 columns, without empty ones and indentation."""
    stripped = (line.strip(" \t") for line in words.split("\n"))
    return "\n".join(_wrap(line, _WIDTH) for line in stripped if line)


@_remembering(64, _SAID)
def indented(text: str) -> str:
    """What somebody wrote: its own lines, indented, those too long wrapped at 72 columns."""
    width = _WIDTH - len(_INDENT)
    wrapped = "\n".join([_wrap(line, width) for line in text.split("\n")])
    return textwrap.indent(wrapped, _INDENT)


def labelled(
    choices: Iterable[tuple[str, str, str]], names: Container[str], labels: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Those choices (keyword, name, link) that have one of these names, with their labels."""
    return [(word, labels.get(name, name), url) for word, name, url in choices if name in names]


def remembered(macro: Callable[..., str]) -> Callable[..., str]:
    """The same macro; results for short texts are kept, for most mails share rows."""
    kept = lru_cache(maxsize=256, typed=True)(macro)

    def call(*texts: object) -> str:
        short = all(isinstance(one, str) and len(one) <= _SHORT for one in texts)
        return kept(*texts) if short else macro(*texts)

    return call


def section(text: str) -> str:
    """`text` with one empty line behind it, or nothing."""
    text = text.strip("\n")
    return f"{text}\n\n" if text.strip() else ""


def _wrap(line: str, width: int) -> str:
    r"""The line filled as `textwrap.fill` does: no word cut, no blanks where it is broken.

    That takes four times as long; it is asked where other blanks stand by themselves.
    """
    if len(line) <= width:
        return line
    line = line.expandtabs()
    if _ODD_BLANK.search(line):
        return textwrap.fill(
            line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
        )
    lines = [one.rstrip(" ") for one in _filled(width).findall(line)]
    return "\n".join(filter(None, lines))


@lru_cache(maxsize=4)
def _filled(width: int) -> re.Pattern[str]:
    """What fits on a line, up to a blank, or a word that fits on none."""
    return re.compile(rf"(.{{1,{width}}}(?= |\Z)|[^ ]+) *", re.DOTALL)


def _same(model: str, text: str) -> str:
    return Markup(text) if isinstance(model, Markup) else text
