"""Who is signed in on the board. Every page below /agent asks here, and nowhere else.

The cookie holds a random token and its end, signed. The database has the token's digest: a
sign-out ends the session everywhere, and an agent who was taken out of the configuration has
none from that moment on.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailgate.portal import forms
from mailgate.portal.forms import Form
from mailgate.portal.site import Site
from rules.policy import Agent
from store import sessions
from store.db import OutageError
from store.sessions import Purpose

COOKIE = "agent"
SIGN_IN = "/agent/sign-in"
_PATH = "/agent"  # browsers show the cookie to no other page
_LASTS = timedelta(hours=12)  # a working day; then a new link is asked for
# A browser shows its cookie longer: then it signs nobody in, but tells that somebody was signed
# in here, whose next link strangers cannot use up by asking for it.
_KNOWN = timedelta(days=30)
_ASKED = "asked"  # cookie: the page for which somebody is to sign in
_PAGES = re.compile(r"/agent/(?:figures|help|t/\d{1,9})")


class SignedOutError(Exception):
    """Nobody is signed in: the page of the sign-in is shown instead."""


def signed_in(site: Site, request: Request) -> Agent:
    """The agent whose browser asks. Raises SignedOutError. Reads the database, writes nothing."""
    token = _token(site, request)
    if token and (agent := holder(site, Purpose.SESSION, token)):
        return agent
    raise SignedOutError


def holder(site: Site, purpose: Purpose, token: str) -> Agent | None:
    """The agent to whom this token was given; None where it is not valid, or he is one no more.

    His address may be an alias of whoever came after him, who did not sign in.
    """
    with site.desk.db.reading() as tx:
        email = sessions.holder(tx, purpose, token, site.desk.now())
    return next((one for one in site.desk.policy.agents if one.address == email), None)


def reader(site: Site, request: Request) -> Agent | None:
    """The agent whose browser asks for a page below /agent, for a page that anybody may see.

    None for anybody else, and while the database does not answer.
    """
    try:
        return signed_in(site, request) if request.url.path.startswith(f"{_PATH}/") else None
    except (SignedOutError, OutageError):
        return None


def shown(site: Site, handle: Callable[[Request, Agent], Response]) -> Callable[..., Any]:
    """The endpoint of a page for agents, which answers GET and changes nothing."""

    def endpoint(request: Request) -> Response:
        return handle(request, signed_in(site, request))

    return endpoint


def posted(
    site: Site, handle: Callable[[Request, Agent, Form], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a form for agents; none of them counts against the ceiling per client."""

    async def endpoint(request: Request) -> Response:
        agent = await run_in_threadpool(signed_in, site, request)
        form = await forms.read(site, request, bounded=False)
        return await run_in_threadpool(handle, request, agent, form)

    return endpoint


def asked(site: Site, request: Request) -> Response:
    """Where one who is not signed in is sent; the page that he wanted is opened afterwards."""
    response = RedirectResponse(SIGN_IN, 303)
    if request.method == "GET" and _PAGES.fullmatch(request.url.path):
        _set(site, response, _ASKED, request.url.path, _LASTS)
    return response


def known(site: Site, request: Request) -> str:
    """A word for a browser in which somebody was signed in; "" for any other."""
    token, _, rest = request.cookies.get(COOKIE, "").partition(".")
    end, _, signature = rest.partition(".")
    return token if site.signer.holds(signature, "session", token, end) else ""


def page(
    site: Site, request: Request, agent: Agent, template: str, status: int = 200, **context: Any
) -> Response:
    """A page for agents: `portal/TEMPLATE.html.j2`, which extends `portal/agent.html.j2`.

    `form` among the context is the path that its forms post to.
    """
    return site.page(request, template, status, agent=agent, **context)


def begin(site: Site, request: Request, agent: Agent) -> Response:
    """Signs the agent in: the answer leads to the page that was wanted and brings the cookie."""
    now, token = site.desk.now(), site.desk.new_token()
    until = now + _LASTS
    with site.desk.db.transaction() as tx:
        sessions.grant(tx, Purpose.SESSION, token, agent.address, now, until)
    end = str(int(until.timestamp()))
    signature = site.signer.sign("session", token, end)
    wanted = request.cookies.get(_ASKED, "")
    response = RedirectResponse(wanted if _PAGES.fullmatch(wanted) else _PATH, 303)
    _set(site, response, COOKIE, f"{token}.{end}.{signature}", _KNOWN)
    if wanted:
        response.delete_cookie(_ASKED, path=_PATH)
    return response


def _set(site: Site, response: Response, name: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=site.secure,
    )


def end(site: Site, request: Request) -> Response:
    """Signs out: the cookie goes, and what it held is worth nothing any more."""
    with site.desk.db.transaction() as tx:
        sessions.use(tx, Purpose.SESSION, _token(site, request), site.desk.now())
    response = RedirectResponse(SIGN_IN, 303)
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="lax", secure=site.secure)
    return response


def _token(site: Site, request: Request) -> str:
    """The token of a cookie that we signed and that has not expired; else ""."""
    token = known(site, request)
    if not token:
        return ""
    end = request.cookies[COOKIE].split(".")[1]
    return token if site.desk.now() < datetime.fromtimestamp(int(end), UTC) else ""
