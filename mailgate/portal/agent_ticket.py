"""A ticket as agents see it: all of it, and every action of the keyword table as a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mailgate import effects
from mailgate.attachments import attachment_bytes
from mailgate.portal import acts, files, forms, history, session, uploads
from mailgate.portal.acts import Wish
from mailgate.portal.forms import Form, RefusedError
from mailgate.portal.history import HistoryPage
from mailgate.portal.site import Site
from rules.engine import paused
from rules.keyword_lines import HIDDEN
from rules.model import AddEntry, Address, Attachment, Clock, Entry, EntryKind, Outcome, Ticket
from rules.orders import Refusal
from rules.policy import OPEN, Agent, Policy, State
from store import board, ledger, outbox, portal, tickets, timers
from store import history as entries_of
from store.db import OutageError
from store.work import Transaction

_PATH = "/agent/t/{number:int}"
_ADDRESSES = ("cc", "to", "requester", "merge")
_SENT = (EntryKind.REPLY, EntryKind.TRANSFER)
_LONGEST = 2000  # characters of each of them
_IDS = 2**31  # no number of a ticket or entry is as large, and some databases refuse to compare it


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket with all that belongs to it."""

    ticket: Ticket
    part: HistoryPage
    sent: Mapping[int, list[Address]]  # whom a transfer or a reply went to, by its entry
    clocks: list[Clock]
    people: list[Address]  # who has a link
    merged: list[int]  # the tickets that it took over
    revision: str  # another one, when anything on the page has changed


def routes(site: Site) -> list[Route]:
    def read(request: Request, agent: Agent) -> Response:
        return _show(site, request, agent, _opened(site, request))

    def write(request: Request, agent: Agent, form: Form) -> Response:
        opens = _opened(site, request)
        if form.line("do") == "revoke":
            return _revoke(site, agent, opens, form)
        return _act(site, request, agent, opens, form)

    def revision(request: Request, _agent: Agent) -> Response:
        with site.desk.db.reading() as tx:
            return PlainTextResponse(_revision(tx, _ticket(tx, request)))

    def download(request: Request, _agent: Agent) -> Response:
        return _download(site, request)

    def mail(request: Request, _agent: Agent) -> Response:
        return _mail(site, request)

    return [
        Route(_PATH, session.shown(site, read)),
        Route(_PATH, session.posted(site, write), methods=["POST"]),
        Route(f"{_PATH}/revision", session.shown(site, revision)),
        Route(f"{_PATH}/files/{{entry:int}}/{{part:path}}", session.shown(site, download)),
        Route(f"{_PATH}/mail/{{entry:int}}", session.shown(site, mail)),
    ]


def _opened(site: Site, request: Request) -> Opened:
    """The ticket that the address names. Raises RefusedError where there is none."""
    with site.desk.db.reading() as tx:
        ticket = _ticket(tx, request)
        number = ticket.number
        part = history.page_of(tx, number, request.query_params.get("page", ""), public=False)
        sent = [one.id for one in part.entries if one.kind in _SENT]
        return Opened(
            ticket,
            part,
            outbox.recipients(tx, sent),
            timers.running(tx, number),
            board.people(tx, number),
            board.merged(tx, number),
            _revision(tx, ticket),
        )


def _ticket(tx: Transaction, request: Request) -> Ticket:
    number = request.path_params["number"]
    ticket = tickets.load(tx, number) if number < _IDS else None
    if ticket is None:
        raise RefusedError("ticket", 404)
    return ticket


def _revision(tx: Transaction, ticket: Ticket) -> str:
    """Another one after every change: each is an entry, or at least a change of the ticket."""
    _, newest = entries_of.extent(tx, ticket.number, public=False)
    return f"{newest}.{ticket.state}.{int(ticket.changed.timestamp())}"


def _show(
    site: Site,
    request: Request,
    agent: Agent,
    opens: Opened,
    status: int = 200,
    wish: Wish | None = None,
    errors: Mapping[str, Refusal | str] | None = None,
    refused: Sequence[Attachment] = (),
) -> Response:
    policy, ticket, now = site.desk.policy, opens.ticket, site.desk.now()
    waits = paused(policy, ticket)
    path = f"/agent/t/{ticket.number}"
    zone = ZoneInfo(site.desk.config.desk.timezone)
    clocks = [] if waits else opens.clocks
    return session.page(
        site,
        request,
        agent,
        "agent_ticket",
        status,
        form=path,
        base=path,
        sheet=history.sheet(policy, ticket, clocks, now),
        ticket=ticket,
        waits=waits and bool(opens.clocks),
        failing=[one for one in ticket.reach if one.failing_since],
        absent=[one for one in ticket.reach if one.absent(now.date())],
        people=[(one, policy.agent(one.email) is not None) for one in opens.people],
        merged=opens.merged,
        days=history.days(policy, ticket, opens.part.entries, zone, inside=opens.sent),
        part=opens.part,
        revision=opens.revision,
        states=_states(policy, ticket),
        agents=policy.agents,
        typed=asdict(wish or Wish("")),
        errors=errors or {},
        refused=refused,
        done=request.query_params.get("done", ""),
    )


def _states(policy: Policy, ticket: Ticket) -> list[State]:
    """The states that an agent may choose: a closed ticket is opened again or stays as it is."""
    final = policy.state(ticket.state).final
    known = [one for one in policy.states.values() if one.keywords]
    return [one for one in known if not final or one.name == OPEN]


# --- what is done


def _act(site: Site, request: Request, agent: Agent, opens: Opened, form: Form) -> Response:
    desk, ticket = site.desk, opens.ticket
    wish = _wish(desk.policy, form)
    with desk.db.reading() as tx:
        number = acts.target(desk.policy, agent, wish)
        target = tickets.load(tx, number) if number else None
    long: dict[str, Refusal | str] = dict(forms.lengths(form))
    long |= {name: "long" for name in _ADDRESSES if len(form.line(name)) > _LONGEST}
    errors = long or acts.refusals(desk.policy, agent, ticket, wish, target, files=bool(form.files))
    if refused := uploads.refused(site, form.files):
        errors |= {"files": "files"}
    if errors:
        return _show(site, request, agent, opens, 422, wish, errors, refused)
    try:
        outcome = acts.submit(desk, agent, ticket, wish, form.key, form.shown, form.files)
    except OutageError:
        return _show(site, request, agent, opens, 503, wish, {"form": "outage"})
    site.wake()
    with desk.db.reading() as tx:
        after = tickets.load(tx, ticket.number)
    closed = all(one and desk.policy.state(one.state).final for one in (ticket, after))
    told = ticket.merged_into or not closed
    done = "held" if outcome is Outcome.HELD else "act" if told else "kept"
    return RedirectResponse(f"/agent/t/{ticket.number}?done={done}#done", 303)


def _wish(policy: Policy, form: Form) -> Wish:
    """What was filled in. A state or an agent that there is none of is no wish."""

    def line(name: str) -> str:
        return HIDDEN.sub("", form.line(name)).strip()

    kind, state, owner = line("kind"), line("state"), policy.agent(line("owner"))
    return Wish(
        text=form.text("text"),
        kind=kind if kind in acts.KINDS else acts.NOTE,
        cc=line("cc"),
        to=line("to"),
        state=state if state in policy.states else "",
        owner=owner.address if owner else "",
        requester=line("requester"),
        merge=line("merge").lstrip("#"),
    )


def _revoke(site: Site, agent: Agent, opens: Opened, form: Form) -> Response:
    """Ends one link; the ticket's history says who did it."""
    desk, now = site.desk, site.desk.now()
    email = form.line("who").lower()
    with desk.db.transaction() as tx:
        ticket = tickets.load(tx, opens.ticket.number)
        revoked = portal.revoke(tx, opens.ticket.number, email, desk.new_token())
        if revoked and ticket:
            said = site.phrase("revoked", email).strip()
            author = Address(agent.address, agent.name)
            note = AddEntry(
                EntryKind.INTERNAL, author, said, internal=True, verified=True, portal=True
            )
            effects.apply(tx, desk, ticket, [note], now)
    done = "revoked" if revoked else "unknown"
    return RedirectResponse(f"/agent/t/{opens.ticket.number}?done={done}#done", 303)


# --- what is fetched


def _entry(site: Site, request: Request) -> Entry:
    number, wanted = request.path_params["number"], request.path_params["entry"]
    if max(number, wanted) >= _IDS:
        raise RefusedError("file", 404)
    with site.desk.db.reading() as tx:
        entry = entries_of.line(tx, number, wanted, public=False)
    if entry is None or entry.raw_id is None:
        raise RefusedError("file", 404)
    return entry


def _download(site: Site, request: Request) -> Response:
    entry, part = _entry(site, request), request.path_params["part"]
    file = next((one for one in entry.attachments if one.part == part), None)
    if file is None:
        raise RefusedError("file", 404)
    if not file.open_to(agent=True):
        raise RefusedError("withheld", 403)
    data = attachment_bytes(_raw(site, entry), file.part)
    return Response(data, headers=files.headers(file.name, file.type))


def _mail(site: Site, request: Request) -> Response:
    """The mail behind an entry, byte for byte as it came; none that holds what nobody may have."""
    entry = _entry(site, request)
    raw = _raw(site, entry)
    if not history.whole(entry) or site.desk.screen.keeps(raw):
        raise RefusedError("original", 403)
    name = f"{request.path_params['number']}-{entry.id}.eml"
    return Response(raw, headers=files.headers(name, "message/rfc822"))


def _raw(site: Site, entry: Entry) -> bytes:
    assert entry.raw_id is not None
    with site.desk.db.reading() as tx:
        return ledger.raw(tx, entry.raw_id)
