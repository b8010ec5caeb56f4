"""The ticket's page, its forms, and the word by which a script sees that it is old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mailgate.contribution import is_an_agents
from mailgate.portal import forms, history, road, uploads
from mailgate.portal.forms import Form, RefusedError
from mailgate.portal.road import Draft
from mailgate.portal.site import Site
from rules.address_list import addresses
from rules.keyword_lines import HIDDEN
from rules.model import Address, Credential, Outcome, Proof, Ticket
from rules.policy import Policy
from store import history as entries_of
from store import merges, portal, tickets, timers
from store.db import OutageError
from store.work import Transaction

# What the buttons on a solution write at the head of the text, as a mail would.
_ANSWERS = {"confirm": "#confirmer\n", "refuse": "#refuser\n"}
_UNFILLED: Mapping[str, str] = {"text": "", "author": "", "why": ""}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opens."""

    token: str
    holder: Address
    ticket: Ticket  # in the state of the one that it was merged into
    sheet: history.Sheet


def routes(site: Site) -> list[Route]:
    pages = _Pages(site)
    return [
        Route("/t/{token}", pages.read),
        Route("/t/{token}", pages.write, methods=["POST"]),
        Route("/t/{token}/revision", pages.revision),
    ]


def opened(site: Site, token: str) -> Opened:
    """What the link of this token shows. Raises RefusedError for one that opens no ticket."""
    desk = site.desk
    with desk.db.reading() as tx:
        found = portal.holder(tx, token)
        ticket = tickets.load(tx, found[0]) if found else None
        if found is None or ticket is None:
            raise RefusedError("link", 404)
        if _was_agent(tx, desk.policy, ticket, found[1].email):
            raise RefusedError("link", 404)
        now_in = merges.current(tx, ticket) or ticket
        ticket = replace(ticket, state=now_in.state)
        clocks = timers.running(tx, ticket.number)
    sheet = history.sheet(desk.policy, ticket, clocks, desk.now())
    if now_in.requester != ticket.requester:  # only that one's may confirm
        sheet = replace(sheet, resolved=False)
    return Opened(token, found[1], ticket, sheet)


def _was_agent(tx: Transaction, policy: Policy, ticket: Ticket, email: str) -> bool:
    """Whether a link was given to an agent of then, who has one on every ticket of the desk."""
    own = ticket.requester is not None and ticket.requester.email == email
    if own or any(one.address == email for one in policy.agents):
        return False
    return bool(portal.as_agents(tx, [ticket.number], [email]))


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._zone = ZoneInfo(site.desk.config.desk.timezone)

    async def read(self, request: Request) -> Response:
        return await run_in_threadpool(self._read, request)

    async def write(self, request: Request) -> Response:
        opens = await run_in_threadpool(opened, self._site, request.path_params["token"])
        form = await forms.read(self._site, request)
        return await run_in_threadpool(self._write, request, opens, form)

    async def revision(self, request: Request) -> Response:
        return await run_in_threadpool(self._revision, request)

    def _read(self, request: Request) -> Response:
        return self._page(request, opened(self._site, request.path_params["token"]))

    def _revision(self, request: Request) -> Response:
        opens = opened(self._site, request.path_params["token"])
        with self._site.desk.db.reading() as tx:
            _, newest = entries_of.extent(tx, opens.ticket.number, public=True)
        return PlainTextResponse(f"{newest}.{opens.ticket.state}")

    def _write(self, request: Request, opens: Opened, form: Form) -> Response:
        if self._site.desk.policy.agent(opens.holder.email):
            raise RefusedError("agent", 403)
        action = form.line("do")
        answer = action if action in _ANSWERS and is_requester(opens) else ""
        typed = {name: form.text(name) for name in _UNFILLED}
        if answer == "confirm" and not opens.sheet.resolved:  # a page from before
            return _see(opens, "unconfirmed")
        text = form.text("why" if answer else "text")
        author, wrong = (opens.holder, "") if answer else self._author(opens, form)
        errors = forms.lengths(form) | ({"author": wrong} if wrong else {})
        if not text and not form.files and answer != "confirm":
            errors["why" if answer else "text"] = "empty"
        refused = uploads.refused(self._site, form.files)
        errors |= {"files": "files"} if refused else {}
        if errors:
            return self._page(request, opens, 422, errors=errors, typed=typed, refused=refused)
        draft = Draft(
            author, opens.ticket.subject, _ANSWERS.get(answer, "") + text, form.key, form.shown
        )
        credential = Credential(Proof.LINK, opens.holder, opens.ticket.number)
        try:
            outcome = road.submit(self._site.desk, replace(draft, files=form.files), credential)
        except OutageError:
            return self._page(request, opens, 503, errors={"form": "outage"}, typed=typed)
        self._site.wake()
        done = "held" if outcome is Outcome.HELD else answer or "note"
        if done in ("note", "refuse") and opened(self._site, opens.token).sheet.final:
            done = "late"
        return _see(opens, done)

    def _author(self, opens: Opened, form: Form) -> tuple[Address, str]:
        """(who writes, "") or (anybody, the code of what is wrong with the name)."""
        typed, policy = HIDDEN.sub("", form.line("author")).strip(), self._site.desk.policy
        if typed in ("", " ".join(opens.holder.label.split())):
            return opens.holder, ""
        named = addresses(typed) if "@" in typed else None
        author = named[0] if named and len(named) == 1 else Address(opens.holder.email, typed)
        someone_else = policy.agent(author.email) or author.email == policy.address
        if someone_else or is_an_agents(policy, author.label):
            return author, "agent"
        return author, ""

    def _page(self, request: Request, opens: Opened, status: int = 200, **context: Any) -> Response:
        policy, number = self._site.desk.policy, opens.ticket.number
        typed = dict(context.pop("typed", _UNFILLED))
        typed["author"] = typed["author"] or opens.holder.label
        with self._site.desk.db.reading() as tx:
            part = history.page_of(tx, number, request.query_params.get("page", ""), public=True)
            newest = entries_of.line(tx, number, part.newest, public=True)
            quoting = {one.author.email for one in part.entries if one.author and one.quoted}
            written_to = [one for one in (number, opens.ticket.merged_into) if one]
            were_agents = portal.as_agents(tx, written_to, quoting)
        return self._site.page(
            request,
            "ticket",
            status,
            form=f"/t/{opens.token}",
            token=opens.token,
            # The ticket itself also changes by what stays inside.
            sheet=replace(opens.sheet, changed=newest.at) if newest else opens.sheet,
            base=f"/t/{opens.token}",
            revision=f"{part.newest}.{opens.ticket.state}",
            days=history.days(policy, opens.ticket, part.entries, self._zone, once=were_agents),
            part=part,
            holder=opens.holder.label,
            is_agent=policy.agent(opens.holder.email) is not None,
            is_requester=is_requester(opens),
            done=request.query_params.get("done", ""),
            choice=request.query_params.get("choice", ""),
            typed=typed,
            errors=context.get("errors", {}),
            refused=context.get("refused", ()),
        )


def _see(opens: Opened, done: str) -> Response:
    """The ticket's page as it is now, with a word on what was done, a key of the words' table."""
    return RedirectResponse(f"/t/{opens.token}?done={done}#done", 303)


def is_requester(opens: Opened) -> bool:
    """Whether the link is that of the one who opened the ticket."""
    requester = opens.ticket.requester
    return requester is not None and requester.email == opens.holder.email
