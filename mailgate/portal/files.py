"""Attachments: always downloads, of types that no browser runs."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailgate.attachments import attachment_bytes
from mailgate.portal.forms import RefusedError
from mailgate.portal.history import RASTER
from mailgate.portal.site import Site
from mailgate.portal.ticket import opened
from mailgate.reference_files import holds_reference
from rules.model import Entry
from store import history as entries_of
from store import ledger

# Everything else is application/octet-stream: HTML, SVG and XML would run in our origin.
_TYPES = RASTER | {
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/csv",
    "text/plain",
}


def routes(site: Site) -> list[Route]:
    def download(request: Request) -> Response:
        asked = request.path_params
        opens = opened(site, asked["token"])
        entry = _entry(site, opens.ticket.number, asked["entry"])
        files = entry.attachments if entry else ()
        file = next((one for one in files if one.part == asked["part"]), None)
        if entry is None or file is None or entry.raw_id is None:
            raise RefusedError("file", 404)
        agent = site.desk.policy.agent(opens.holder.email) is not None
        if not file.open_to(agent=agent):
            raise RefusedError("withheld", 403)
        with site.desk.db.reading() as tx:
            raw = ledger.raw(tx, entry.raw_id)
        data = attachment_bytes(raw, file.part)
        # It would let its reader write as somebody else.
        if holds_reference(file, data, site.desk.config.portal.url):
            raise RefusedError("kept", 403)
        return Response(data, headers=headers(file.name, file.type))

    return [Route("/t/{token}/files/{entry}/{part:path}", download)]


def _entry(site: Site, number: int, asked: str) -> Entry | None:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return None
    with site.desk.db.reading() as tx:
        return entries_of.line(tx, number, int(asked), public=True)


def headers(name: str, kind: str) -> dict[str, str]:
    """Of a download. RFC 6266 section 4.3: a name in ASCII, and the real one in RFC 8187's form."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    named = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {
        "Content-Disposition": f"attachment; {named}",
        "Content-Type": kind if kind in _TYPES else "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
