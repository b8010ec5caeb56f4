"""The agents' board: the open tickets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailgate.portal import session
from mailgate.portal.site import Site
from rules.policy import Agent


def routes(site: Site) -> list[Route]:
    def board(request: Request, agent: Agent) -> Response:
        return session.page(site, request, agent, "board")

    return [Route("/agent", session.shown(site, board))]
