"""The kinds of values in config.toml: how each is written, checked and described."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import durationpy
from pydantic import AfterValidator, BeforeValidator, Field

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*"
)
_SIZE = re.compile(r"([0-9]{1,12}(?:[.,][0-9]{1,3})?)\s*([kmg]?)[bo]?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?[smhdw])+")
_ENDING = re.compile(r"\.[a-z0-9][a-z0-9.+_-]{0,19}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/(\*|[a-z0-9][a-z0-9!#$&^_.+-]*)")
_KEYWORD = re.compile(r"[^\W\d_](?:[^\W_]|-)*")
_HEADER = re.compile(r"\s*([!-9;-~]+)\s*:\s*(\S(?:.*\S)?)\s*")  # RFC 5322 section 2.2
# The parser of subjects reads full-width brackets and signs like the plain ones.
_SUBJECT_SIGNS = frozenset("[]［］【】#＃")
_PAUSES = frozenset(".,;:!?…")
LONGEST_TIMER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written, in words that follow "must be"."""

    text: str


def size(value: object) -> int:
    """Bytes from a whole number or a text such as "25MB", "10 Mo", "500kB" (1 kB = 1000)."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a size: bytes, or a text such as "25MB", "10 Mo" or "500kB"')
    return int(float(match[1].replace(",", ".")) * _SIZE_UNITS[match[2].lower()])


def duration(value: object) -> timedelta:
    """A time span from a text such as "48h", "30m", "2d", "1h30m"."""
    text = re.sub(r"\s", "", value) if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        raise ValueError(
            'must be a time span in quotes: a number and s, m, h, d or w, such as "48h" or "1h30m"'
        )
    try:
        span: timedelta = durationpy.from_str(text)
    except durationpy.DurationError:
        span = timedelta.max
    if not timedelta() < span <= LONGEST_TIMER:
        raise ValueError(f"must be longer than 0 and at most {LONGEST_TIMER.days} days")
    return span


def _one_line(value: str) -> str:
    text = value.strip()
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise ValueError("must be one line without control characters")
    return text


def _filled(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _subject_part(value: str) -> str:
    if not value or len(value) > 40 or _SUBJECT_SIGNS & set(value):
        raise ValueError("must be 1 to 40 characters without brackets and #: it stands in subjects")
    return value


def _phrase(value: str) -> str:
    if (
        len(value) > 60
        or _PAUSES & set(value)
        or not any(c.isalnum() or c > "\u2600" for c in value)
    ):
        raise ValueError(
            "must be 1 to 60 characters without . , ; : ! and ?: the words of a whole answer"
        )
    return value


def _address(value: str) -> str:
    if len(value) > 254 or not _ADDRESS.fullmatch(value):
        raise ValueError(
            f'must be one bare address such as "support@fram.example", not "{value}"'
            " (a domain with accents in its xn-- form)"
        )
    return value.lower()


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:%-]+", value):
        raise ValueError('must be a host name or an IP address, such as "imap.fram.example"')
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):  # a folder, "../x", no such name
        raise ValueError(
            f'must be a time zone such as "Europe/Paris"; there is no "{value}"'
        ) from None
    return value


def _keyword(value: str) -> str:
    if not _KEYWORD.fullmatch(value):
        raise ValueError(f'must be one word of letters, digits and "-", without "#"; not "{value}"')
    return value


def _template(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]*", value):
        raise ValueError('must be a template name: a to z, 0 to 9 and "-", without ".j2"')
    return value


def _listen(value: str) -> str:
    if value and _bind(value) is None:
        raise ValueError('must be HOST:PORT such as "127.0.0.1:8080", or "" for no portal')
    return value


def _bind(value: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:\[\]/]+)):([0-9]{1,5})", value)
    if match is None or not 1 <= int(match[3]) <= 65535:
        return None
    return match[1] or match[2], int(match[3])


def bind_address(listen: str) -> tuple[str, int] | None:
    """Host and port of a checked `portal.listen` or `attachments.clamd`; None without."""
    return _bind(listen)


def _url(value: str) -> str:
    if value and not _is_web(value):
        raise ValueError('must be a web address such as "https://support.fram.example", or ""')
    return value.rstrip("/")


def _is_web(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if port == 0 or parts.query or parts.fragment or re.search(r"[\s<>\"]", value):
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _header(value: str) -> str:
    if not value:
        return value
    match = _HEADER.fullmatch(value)
    if match is None:
        raise ValueError(
            "must be a header and its value, such as "
            '"X-MS-Exchange-Organization-AuthAs: Internal", or ""'
        )
    return f"{match[1]}: {match[2]}"


def _pattern(value: str) -> str:
    found = value.lower().removeprefix("*")
    if not _ENDING.fullmatch(found) and not _TYPE.fullmatch(found):
        raise ValueError(
            'must be an ending such as ".exe" or a type such as "image/png" or "image/*",'
            f' not "{value}"'
        )
    return found


def _scanner(value: str) -> str:
    if value and not value.startswith("/") and _bind(value) is None:
        raise ValueError(
            'must be the absolute path of clamd\'s socket such as "/run/clamav/clamd.ctl",'
            ' HOST:PORT such as "127.0.0.1:3310", or ""'
        )
    return value


def _database(value: str) -> str:
    """Refusals never repeat the URL: it may hold a password."""
    scheme, _, path = value.partition("://")
    if scheme.split("+")[0] in ("postgresql", "postgres"):
        raise ValueError(
            "PostgreSQL comes with a later version of mailgate;"
            ' for now write url = "sqlite:///mailgate.db"'
        )
    if scheme != "sqlite" or not path.startswith("/"):
        raise ValueError('must be "sqlite:///FILE", such as "sqlite:///mailgate.db"')
    if path == "/" or path.startswith("/:memory:") or "?" in path:
        raise ValueError(
            "must name a database file without parameters: what is only in memory is lost"
        )
    return value


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else _listed(value)


def _check(*steps: Callable[[str], str]) -> AfterValidator:
    """One validator out of several, after the text has been found to be one line."""

    def run(value: str) -> str:
        value = _one_line(value)
        for step in steps:
            value = step(value)
        return value

    return AfterValidator(run)


Text = Annotated[str, _check()]
Filled = Annotated[str, _check(_filled)]
SubjectPart = Annotated[
    str, _check(_subject_part), Form("text of 1 to 40 characters without brackets and #")
]
Phrase = Annotated[str, _check(_phrase), Form("text of 1 to 60 characters without . , ; : ! and ?")]
EmailAddress = Annotated[str, _check(_address), Form("a bare mail address")]
Host = Annotated[str, _check(_host), Form("a host name or an IP address")]
TimeZone = Annotated[str, _check(_timezone), Form("an IANA time zone")]
Keyword = Annotated[str, _check(_keyword), Form("one word without #")]
TemplateName = Annotated[str, _check(_template), Form('a template name (a to z, 0 to 9, "-")')]
Listen = Annotated[str, _check(_listen), Form("HOST:PORT, or empty")]
Url = Annotated[str, _check(_url), Form("an http or https address, or empty")]
Header = Annotated[str, _check(_header), Form('"Header: value", or empty')]
Database = Annotated[str, _check(_database), Form('"sqlite:///FILE"')]
Pattern = Annotated[str, _check(_pattern), Form('".exe", "image/png" or "image/*"')]
Scanner = Annotated[str, _check(_scanner), Form("a socket's absolute path, HOST:PORT, or empty")]
Port = Annotated[int, Field(ge=1, le=65535)]
Size = Annotated[int, BeforeValidator(size), Form('a size: bytes, "25MB", "10 Mo" or "500kB"')]
Duration = Annotated[
    timedelta, BeforeValidator(duration), Form('a time span: "48h", "30m", "2d", "1h30m"')
]
Listed = BeforeValidator(_listed)
OneOrMany = BeforeValidator(_one_or_many)
