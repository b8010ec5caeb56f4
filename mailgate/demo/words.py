"""The demo's templates: the page's, and the line above what an answer quotes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mailgate.demo.boxes import Item

_LOCALE = Locale("fr")  # the shipped desk's
_DAY = re.compile(r"\bd\b")  # the day of the month, which is "1er" and then "2"
_BRACKETS = re.compile(r"((?:re ?: *)?(?:\[[^\]]*\])*) *(.*)", re.IGNORECASE | re.DOTALL)


class Words:
    def __init__(self, timezone: str) -> None:
        """`timezone` is the desk's, for every hour that is shown."""
        zone = ZoneInfo(timezone)

        def when(moment: datetime, pattern: str) -> str:
            local = moment.astimezone(zone)
            if local.day == 1:
                pattern = _DAY.sub("d'er'", pattern)
            return format_datetime(local, pattern, locale=_LOCALE)

        folder = Path(str(files("templates").joinpath("demo")))
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html.j2"], default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            when=when, span=span, brackets=brackets, bare=bare, tag=tag
        )

    def render(self, template: str, **context: object) -> str:
        return self._environment.get_template(template).render(context)

    def quote(self, item: Item) -> str:
        """A received mail as a client quotes it below an answer."""
        return self.render("quote.txt.j2", item=item)


def span(length: timedelta) -> str:
    """A length of time, to the minute: "24 h 30", "30 min"."""
    hours, minutes = divmod(max(0, round(length.total_seconds() / 60)), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes:02}" if minutes else f"{hours} h"


def brackets(subject: str) -> str:
    """What stands in brackets at the head of a subject: "[FRAM][#1898][Note]"."""
    return _parts(subject)[0]


def bare(subject: str) -> str:
    """The subject without its brackets."""
    return _parts(subject)[1]


def tag(subject: str) -> str:
    """The last of the brackets: "[Note]"; the whole subject where there are none."""
    heads = brackets(subject)
    return heads[heads.rfind("[") :] if heads else subject


def _parts(subject: str) -> tuple[str, str]:
    match = _BRACKETS.match(subject)
    return (match[1], match[2]) if match else ("", subject)
