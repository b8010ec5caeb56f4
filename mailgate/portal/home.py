"""Home, the help articles, the files of the pages, and the word for whoever watches the desk."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailgate.portal import session
from mailgate.portal.forms import RefusedError
from mailgate.portal.site import Site
from rules.keywords import shown
from rules.policy import RESOLVED, Agent, Policy
from store.db import OutageError

ARTICLES = ("create", "answer", "keywords")  # portal/help.html.j2 and portal/LANGUAGE/NAME.html.j2
_STATIC = {
    "portal.css": "text/css; charset=utf-8",
    "portal.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def routes(site: Site) -> list[Route]:
    delays = _delays(site.desk.policy)

    def home(request: Request) -> Response:
        return site.page(request, "home", delays=delays)

    def help_index(request: Request) -> Response:
        return site.page(request, "help", article="", delays=delays)

    def article(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ARTICLES:
            raise RefusedError("page", 404)
        return shows(request, name)

    def shows(request: Request, name: str, agent: Agent | None = None) -> Response:
        policy = site.desk.policy
        return site.page(
            request,
            "help",
            agent=agent,
            article=name,
            delays=delays,
            keywords=shown(policy),
            states=policy.states,
        )

    def agents_help(request: Request, agent: Agent) -> Response:
        return shows(request, "keywords", agent)

    def health(_request: Request) -> Response:
        try:
            site.desk.db.check()
        except OutageError:
            return PlainTextResponse("the database does not answer\n", 503)
        return PlainTextResponse("ok\n")

    return [
        Route("/", home),
        Route("/help", help_index),
        Route("/help/", help_index),
        Route("/help/{name}", article),
        Route("/agent/help", session.shown(site, agents_help)),
        Route("/healthz", health),
        *(_static(name, kind) for name, kind in _STATIC.items()),
    ]


def _static(name: str, kind: str) -> Route:
    content = (files("templates") / "portal" / name).read_bytes()

    def serve(_request: Request) -> Response:
        headers = {"Content-Type": kind, "Cache-Control": "public, max-age=300"}
        return Response(content, headers=headers)

    return Route(f"/static/{name}", serve)


def _delays(policy: Policy) -> dict[str, int]:
    """The hours of the policy's clocks that the articles speak of; 0 where there is none."""

    def hours(state: str, *, closing: bool) -> int:
        timers = policy.state(state).timers
        found = [t.after for t in timers if bool(t.state) is closing]
        return round(found[0].total_seconds() / 3600) if found else 0

    return {
        "reminder": hours("waiting", closing=False),
        "closing": hours("waiting", closing=True),
        "confirm": hours(RESOLVED, closing=True),
    }
