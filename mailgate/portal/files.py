"""Attachments: always downloads, of types that no browser runs."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailgate.parse import attachment_bytes, holds_reference
from mailgate.portal.forms import RefusedError
from mailgate.portal.history import RASTER
from mailgate.portal.site import Site
from mailgate.portal.ticket import Opened, opened
from rules.model import Attachment, Withheld
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
        entry = next((one for one in opens.entries if one.id == asked["entry"]), None)
        files = entry.attachments if entry else ()
        file = next((one for one in files if one.part == asked["part"]), None)
        if entry is None or file is None or entry.raw_id is None:
            raise RefusedError("file", 404)
        if file.withheld and not _may_open(site, opens, file):
            raise RefusedError("withheld", 403)
        with site.desk.db.reading() as tx:
            raw = ledger.raw(tx, entry.raw_id)
        data = attachment_bytes(raw, file.part)
        # It would let its reader write as somebody else.
        if holds_reference(file, data, site.desk.config.portal.url):
            raise RefusedError("kept", 403)
        return Response(data, headers=_headers(file.name, file.type))

    return [Route("/t/{token}/files/{entry:int}/{part:path}", download)]


def _may_open(site: Site, opens: Opened, file: Attachment) -> bool:
    """An agent may have what was left out by its kind or size; a virus nobody."""
    agent = site.desk.policy.agent(opens.holder.email)
    return agent is not None and file.withheld in (Withheld.KIND, Withheld.LARGE, Withheld.TOTAL)


def _headers(name: str, kind: str) -> dict[str, str]:
    """RFC 6266 section 4.3: a name in ASCII, and the real one in RFC 8187's form."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    named = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {
        "Content-Disposition": f"attachment; {named}",
        "Content-Type": kind if kind in _TYPES else "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
