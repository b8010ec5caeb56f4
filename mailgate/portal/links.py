"""Lost links: an address is mailed those of its own open tickets, and the page says nothing."""

from __future__ import annotations

import logging

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailgate import effects
from mailgate.cause import Cause
from mailgate.portal import forms
from mailgate.portal.forms import Form
from mailgate.portal.site import Site
from mailgate.render import Link
from rules.model import Tell
from rules.notify import LINKS
from store import merges, portal, tickets
from store.db import OutageError

log = logging.getLogger(__name__)

_MOST = 50  # tickets in one mail
TAG = "Liens"


def routes(site: Site) -> list[Route]:
    async def ask(request: Request) -> Response:
        return await run_in_threadpool(_page, site, request)

    async def send(request: Request) -> Response:
        form = await forms.read(site, request)
        return await run_in_threadpool(_send, site, request, form)

    async def sent(request: Request) -> Response:
        return site.page(request, "sent", what="links")

    return [
        Route("/links", ask),
        Route("/links", send, methods=["POST"]),
        Route("/links/sent", sent),
    ]


def _page(
    site: Site, request: Request, mail: str = "", error: str = "", status: int = 200
) -> Response:
    return site.page(request, "links", status, form="/links", mail=mail, error=error)


def _send(site: Site, request: Request, form: Form) -> Response:
    email = forms.address(site, form, "links")
    if not email:
        return _page(site, request, form.line("mail"), "address", 422)
    # After the answer: how long it takes would tell whether the address is known.
    return RedirectResponse("/links/sent", 303, background=BackgroundTask(_mail, site, email))


def _mail(site: Site, email: str) -> None:
    """One mail about the newest of the address's open tickets, with the links of all of them.

    An agent has the board, and more tickets than a mail should hold.
    """
    desk = site.desk
    if desk.policy.agent(email):
        return
    final = [name for name, state in desk.policy.states.items() if state.final]
    try:
        with desk.db.transaction() as tx:
            found = [
                (one, now_in)
                for one in portal.own(tx, email, final, _MOST)
                if (now_in := merges.current(tx, tickets.load(tx, one.number)))
                and now_in.state not in final
            ]
            ticket = tickets.load(tx, found[0][0].number) if found else None
            if ticket is None or ticket.requester is None:
                return
            links = tuple(
                Link(one.number, one.subject, desk.policy.state(now_in.state).label, one.token)
                for one, now_in in found
            )
            tell = Tell(
                ticket.requester,
                to_agent=False,
                on="links",
                tag=TAG,
                template=LINKS,
                row="/links",
                notice=True,
                words=False,
            )
            effects.apply(tx, desk, ticket, [tell], desk.now(), Cause(links=links))
    except OutageError as error:
        log.warning("links were asked for and not mailed: %s", error)
        return
    site.wake()
