"""Forms as they come in: read within bounds, tied to the browser that was shown them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.requests import Request

from mailgate.portal.ceilings import client
from mailgate.portal.road import File
from mailgate.portal.site import Site
from rules.address_list import addresses

_FIELDS, _FILES = 200, 20
_SUBJECT, _NAME, _TEXT, _MAIL = 200, 100, 100_000, 254  # characters; RFC 5321 section 4.5.3.1.3
TOKEN = "form"  # the hidden field
# All but tab and line end: C0, C1, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class RefusedError(Exception):
    """A form that is not taken; `code` is a key of the words' table of refusals."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in, line ends as `\\n`, without control characters."""

    key: str  # random, of the page that showed the form
    shown: datetime
    fields: dict[str, list[str]]
    files: tuple[File, ...]

    def line(self, name: str) -> str:
        """One line, blanks folded; "" where the field is not there."""
        return " ".join(self.text(name).split())

    def text(self, name: str) -> str:
        return next(iter(self.fields.get(name, [])), "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field that stands several times, such as ticked boxes."""
        return self.fields.get(name, [])


async def read(site: Site, request: Request, *, bounded: bool = True) -> Form:
    """The form of one of our pages. Raises RefusedError for anything else.

    `bounded`: it counts against the ceiling per client, as all do but those of agents.
    A body over [limits] upload does not come this far (mailgate.portal.security).
    """
    # W3C Fetch Metadata: what browsers send of their own accord, where they know it.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError("foreign", 403)
    # Starlette would decode by whatever codec of Python the form names: punycode is quadratic.
    _, said = parse_options_header(request.headers.get("content-type", ""))
    if said.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise RefusedError("form", 400)
    if bounded and not site.clients.admits(client(request.client.host if request.client else "")):
        raise RefusedError("often", 429)
    fields: dict[str, list[str]] = {}
    files = []
    async with request.form(max_files=_FILES, max_fields=_FIELDS) as sent:
        for name, value in sent.multi_items():
            if not isinstance(value, UploadFile):
                fields.setdefault(name, []).append(_printable(value))
            elif value.filename or value.size:
                kind = (value.content_type or "").partition(";")[0].strip().lower()
                files.append((value.filename or "", kind, await value.read()))
    known = site.form_key(request, next(iter(fields.pop(TOKEN, [])), ""))
    if known is None:
        raise RefusedError("foreign", 403)
    key, shown = known
    return Form(key, datetime.fromtimestamp(shown, UTC), fields, tuple(files))


def address(site: Site, form: Form, what: str) -> str:
    """Whom a form asks to be mailed: its field `mail`, or "" where that is not one address.

    Raises RefusedError for an address that was typed too often for `what` is asked.
    """
    typed = form.line("mail")
    found = addresses(typed) or ()
    if len(found) != 1 or len(typed) > _MAIL:
        return ""
    if not site.addresses.admits(f"{what} {found[0].email}"):
        raise RefusedError("often", 429)
    return found[0].email


def lengths(form: Form) -> dict[str, str]:
    """The fields that are too long, each with the code of its error."""
    limits = {"subject": _SUBJECT, "author": _NAME, "mail": _MAIL, "text": _TEXT}
    return {name: "long" for name, most in limits.items() if len(form.text(name)) > most}


def _printable(value: str) -> str:
    return _UNPRINTABLE.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n"))
