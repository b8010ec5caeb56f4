"""The portal's routes, what stands around them, and what is said when a page is refused."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from mailgate.portal import (
    agent_ticket,
    board,
    figures,
    files,
    home,
    links,
    new,
    session,
    sign_in,
    ticket,
)
from mailgate.portal.forms import RefusedError
from mailgate.portal.security import BodyLimit, Headers
from mailgate.portal.session import SignedOutError
from mailgate.portal.site import Site
from store.db import OutageError

log = logging.getLogger(__name__)

# What Starlette refuses by itself: an unknown path, another method, a form that is none.
_CODES = {404: "page", 405: "method", 400: "form"}


def app(site: Site) -> Starlette:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        agent = await run_in_threadpool(session.reader, site, request)
        return site.page(request, "refused", error.status, code=error.code, agent=agent)

    async def wrong(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "form")
        agent = await run_in_threadpool(session.reader, site, request)
        response = site.page(request, "refused", error.status_code, code=code, agent=agent)
        response.headers.update(error.headers or {})  # Allow: RFC 9110 section 15.5.6
        return response

    async def signed_out(request: Request, _error: Exception) -> Response:
        return session.asked(site, request)

    async def outage(request: Request, error: Exception) -> Response:
        log.warning("a page was asked for: %s", error)
        return site.page(request, "refused", 503, code="outage")

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it: the client hung up within its form

    async def broken(request: Request, _error: Exception) -> Response:
        return site.page(request, "refused", 500, code="broken")

    pages = (home, new, links, ticket, files, sign_in, board, agent_ticket, figures)
    portal = Starlette(
        routes=[route for page in pages for route in page.routes(site)],
        middleware=[Middleware(BodyLimit, upload=site.desk.config.limits.upload)],
        exception_handlers={
            RefusedError: refused,
            SignedOutError: signed_out,
            HTTPException: wrong,
            OutageError: outage,
            ClientDisconnect: gone,
            Exception: broken,
        },
    )
    # It would send a visitor, token and all, to whatever Host and scheme the request names.
    portal.router.redirect_slashes = False
    return portal


def guarded(site: Site) -> ASGIApp:
    """The portal: each answer has the headers that browsers obey, one that breaks off too."""
    return Headers(app(site))
