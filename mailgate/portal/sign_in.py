"""Agents sign in by a link that is mailed to them, and out by a button.

The link shows a page whose button signs in: programs that look at mails follow links. It
works once, for a quarter of an hour. What the page answers to an address says nothing of it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailgate.portal import forms, session
from mailgate.portal.forms import Form, RefusedError
from mailgate.portal.session import SIGN_IN
from mailgate.portal.site import SIGN_OUT, Site
from mailgate.render import Letter
from rules import notify
from rules.model import Address, OutboxMail
from rules.policy import Agent
from rules.storms import budget
from store import outbox, sessions
from store.db import OutageError
from store.sessions import Purpose

log = logging.getLogger(__name__)

TAG = "Connexion"
_MINUTES = 15


def routes(site: Site) -> list[Route]:
    def ask(request: Request) -> Response:
        return _page(site, request)

    async def send(request: Request) -> Response:
        form = await forms.read(site, request)
        return await run_in_threadpool(_send, site, request, form)

    def sent(request: Request) -> Response:
        return site.page(request, "sent", what="sign_in")

    def confirm(request: Request) -> Response:
        path = request.url.path
        return site.page(request, "sign_in_confirm", form=path, who=_known(site, request).address)

    async def enter(request: Request) -> Response:
        await forms.read(site, request)
        return await run_in_threadpool(_enter, site, request)

    def leave(request: Request, _agent: Agent, _form: Form) -> Response:
        return session.end(site, request)

    return [
        Route(SIGN_IN, ask),
        Route(SIGN_IN, send, methods=["POST"]),
        Route(f"{SIGN_IN}/sent", sent),
        Route(f"{SIGN_IN}/{{token}}", confirm),
        Route(f"{SIGN_IN}/{{token}}", enter, methods=["POST"]),
        Route(SIGN_OUT, session.posted(site, leave), methods=["POST"]),
    ]


def _page(
    site: Site, request: Request, mail: str = "", error: str = "", status: int = 200
) -> Response:
    return site.page(request, "sign_in", status, form=SIGN_IN, mail=mail, error=error)


def _known(site: Site, request: Request) -> Agent:
    """Whose link it is. Raises RefusedError, the same for one that was used, old or never was."""
    agent = session.holder(site, Purpose.SIGN_IN, request.path_params["token"])
    if agent is None:
        raise RefusedError("sign_in", 404)
    return agent


def _enter(site: Site, request: Request) -> Response:
    agent, token = _known(site, request), request.path_params["token"]
    with site.desk.db.transaction() as tx:
        first = sessions.use(tx, Purpose.SIGN_IN, token, site.desk.now())
    if not first:  # two clicks at once
        raise RefusedError("sign_in", 404)
    log.info("%s signed in on the board", agent.address)
    return session.begin(site, request, agent)


def _send(site: Site, request: Request, form: Form) -> Response:
    browser = session.known(site, request)
    email = forms.address(site, form, f"sign-in {browser}")
    if not email:
        return _page(site, request, form.line("mail"), "address", 422)
    # After the answer: how long it takes would tell whether the address is known.
    return RedirectResponse(
        f"{SIGN_IN}/sent", 303, background=BackgroundTask(_mail, site, email, browser)
    )


def _mail(site: Site, email: str, browser: str) -> None:
    """The mail with the link, to the address that the configuration has of this agent.

    `browser` names one in which somebody was signed in; its requests are counted apart.
    """
    desk, agent = site.desk, site.desk.policy.agent(email)
    if agent is None:
        return
    if not desk.config.portal.url:
        log.warning("no sign-in link can be mailed: [portal] url is empty")
        return
    # Said to nobody: it would tell which addresses are one agent's.
    if not site.sign_ins.admits(f"{browser} {agent.address}"):
        log.warning("a sign-in link was not mailed to %s: too many within an hour", agent.address)
        return
    now, token = desk.now(), desk.new_token()
    until = now + timedelta(minutes=_MINUTES)
    letter = Letter(
        template=notify.SIGN_IN,
        tag=TAG,
        number=0,
        subject=site.phrase("sign_in_subject"),
        state="",
        state_label="",
        recipient=Address(agent.address, agent.name),
        to_agent=True,
        reference=desk.new_reference(),
        date=now,
        automatic=True,
        sign_in=token,
        closes_at=until,
    )
    try:
        with desk.db.transaction() as tx:
            sessions.grant(tx, Purpose.SIGN_IN, token, agent.address, now, until)
            outbox.enqueue(
                tx,
                OutboxMail(
                    id=0,
                    reference=letter.reference,
                    ticket=None,
                    entry_id=None,
                    recipient=letter.recipient,
                    event=notify.SIGN_IN,
                    subject=desk.renderer.subject(letter),
                    policy_row=SIGN_IN,
                    state="queued",
                    attempts=0,
                    queued=now,
                    error="",
                ),
                desk.worker.render(letter),
                budget=budget(letter.recipient, None),
                to_agent=True,
                internal=True,
            )
    except OutageError as error:
        log.warning("a sign-in link was asked for and not mailed: %s", error)
        return
    site.wake()
