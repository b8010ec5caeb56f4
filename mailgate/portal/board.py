"""The agents' board: the open tickets in a list, and what is done to several of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailgate.portal import acts, history, session
from mailgate.portal.acts import Wish
from mailgate.portal.forms import Form
from mailgate.portal.site import Site
from rules.engine import paused
from rules.model import Clock, Ticket
from rules.policy import Agent, Policy
from store import board, tickets
from store.board import Listed, Sort, Wanted
from store.db import OutageError
from store.work import Transaction

_MOST = 50  # tickets on a page
_WORDS = 200  # characters of a filter
CLOSED = "closed-tickets"  # the list of closed tickets; no state has such a name
NOBODY = "nobody"
_FILTERS = ("state", "owner", "q", "sort", "page")


@dataclass(frozen=True, slots=True)
class Left:
    """Time left on a ticket's clocks."""

    what: str  # reminder, closing; waits: they stand still; "" without any
    minutes: int = 0
    passed: float = 0.0  # percent of what was given


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket of the list."""

    number: int
    subject: str
    requester: str
    state: str  # its key
    style: str  # a class of the stylesheet
    label: str
    owner: str  # a name, "" while there is none
    age: int  # minutes
    left: Left
    failing: bool  # mails to one of its people come back
    absent: bool  # one of them is away


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of the list, as the address of the page says it."""

    state: str = ""  # a state's key, CLOSED, or "" for all that are open; with words, for all
    owner: str = ""  # an agent's address, NOBODY, or "" for all
    q: str = ""
    sort: Sort = Sort.DEADLINE
    page: int = 1

    def address(self, **changed: object) -> str:
        """The page with other filters; anything but the page begins on the first one."""
        known = {name: getattr(self, name) for name in _FILTERS} | {"page": 1} | changed
        defaults = {name: getattr(Filters(), name) for name in _FILTERS}
        told = {name: value for name, value in known.items() if value != defaults[name]}
        return "/agent" + (f"?{urlencode(told)}" if told else "")


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    total: int
    pages: int
    counts: Mapping[str, int] = field(default_factory=dict)  # of open states, by key


@dataclass(frozen=True, slots=True)
class _Refused:
    """A form about several tickets that does nothing, and what was filled in."""

    error: str  # a key of the words' table
    ticked: Sequence[int]  # numbers
    chosen: str  # the action


def routes(site: Site) -> list[Route]:
    def read(request: Request, agent: Agent) -> Response:
        return _show(site, request, agent, _filters(request.query_params))

    def write(request: Request, agent: Agent, form: Form) -> Response:
        return _apply(site, request, agent, form)

    return [
        Route("/agent", session.shown(site, read)),
        Route("/agent", session.posted(site, write), methods=["POST"]),
    ]


def _filters(given: Mapping[str, str]) -> Filters:
    """What somebody's address or form says; nonsense is passed over."""
    sort, page = given.get("sort", ""), given.get("page", "")
    return Filters(
        state=given.get("state", "")[:_WORDS],
        owner=given.get("owner", "").lower()[:_WORDS],
        q=" ".join(given.get("q", "").split())[:_WORDS],
        sort=Sort(sort) if sort in list(Sort) else Sort.DEADLINE,
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _show(
    site: Site, request: Request, agent: Agent, filters: Filters, refused: _Refused | None = None
) -> Response:
    policy = site.desk.policy
    with site.desk.db.reading() as tx:
        page = _page(tx, policy, filters, site.desk.now())
        if filters.page > page.pages:  # its tickets were closed meanwhile
            filters = replace(filters, page=page.pages)
            page = _page(tx, policy, filters, site.desk.now())
    return session.page(
        site,
        request,
        agent,
        "board",
        422 if refused else 200,
        form="/agent",
        board=page,
        filters=filters,
        address=filters.address,
        states={name: policy.state(name).label for name in page.counts},
        styles={name: history.style(policy, name) for name in page.counts},
        agents=policy.agents,
        closed=CLOSED,
        nobody=NOBODY,
        sorts=list(Sort),
        bulk=[state for state in policy.states.values() if state.keywords],
        error=refused.error if refused else "",
        ticked=refused.ticked if refused else (),
        chosen=refused.chosen if refused else "",
        done=_numbers([request.query_params.get("done", "")]),
        undone=_numbers(request.query_params.get("undone", "").split(",")),
    )


def _page(tx: Transaction, policy: Policy, filters: Filters, now: datetime) -> Page:
    present = board.states(tx)
    unclosed = [name for name in policy.states if not policy.state(name).final]
    unclosed += [n for n in present if n not in policy.states]  # taken out of the configuration
    final = [name for name in present if name not in unclosed]
    everywhere = bool(filters.q) and not filters.state  # what is looked for may be closed
    open_ones = [*unclosed, *final] if everywhere else unclosed
    asked = {CLOSED: final, "": open_ones}.get(filters.state, [filters.state])
    wanted = Wanted(
        states=asked,
        merged=everywhere or filters.state == CLOSED,
        owner={"": None, NOBODY: ""}.get(filters.owner, filters.owner),
        typed=filters.q,
        sort=filters.sort,
        skip=(filters.page - 1) * _MOST,
        most=_MOST,
    )
    listed, total = board.listing(tx, wanted)
    counts = board.counts(tx, unclosed)
    return Page(
        lines=tuple(_line(policy, one, now) for one in listed),
        total=total,
        pages=max(1, -(-total // _MOST)),
        counts={name: counts.get(name, 0) for name in unclosed},
    )


def _line(policy: Policy, listed: Listed, now: datetime) -> Line:
    ticket = listed.ticket
    owner, state = policy.agent(ticket.owner), policy.state(ticket.state)
    return Line(
        number=ticket.number,
        subject=ticket.subject,
        requester=ticket.requester.label if ticket.requester else "",
        state=ticket.state,
        style=history.style(policy, ticket.state),
        label=state.label,
        owner=owner.name if owner else "",
        age=max(0, int((now - ticket.opened).total_seconds() // 60)),
        left=_left(policy, ticket, listed.clocks, now),
        failing=any(one.failing_since for one in ticket.reach),
        absent=any(one.absent(now.date()) for one in ticket.reach),
    )


def _left(policy: Policy, ticket: Ticket, clocks: tuple[Clock, ...], now: datetime) -> Left:
    if not clocks:
        return Left("")
    if paused(policy, ticket):
        return Left("waits")
    first = clocks[0]
    whole = next((clock for clock in clocks if clock.to_state), first)
    return Left(
        "closing" if first.to_state else "reminder",
        max(0, round((first.due - now).total_seconds() / 60)),
        history.percent(now - (whole.due - whole.after), whole.after),
    )


# --- several at once


def _apply(site: Site, request: Request, agent: Agent, form: Form) -> Response:
    filters = _filters({name: form.line(name) for name in _FILTERS})
    numbers = _numbers(form.all("t"))[:_MOST]
    wishes = _wishes(site.desk.policy, agent, form.line("do"), numbers)
    if not wishes:
        refused = _Refused("what" if numbers else "none", numbers, form.line("do"))
        return _show(site, request, agent, filters, refused)
    done, undone = 0, []
    for number, wish in wishes.items():
        try:
            did = _one(site, agent, form, number, wish)
        except OutageError:
            if not done:
                raise
            did = False
        done += did
        undone += [] if did else [number]
    site.wake()
    told = urlencode({"done": done, "undone": ",".join(map(str, undone))}, safe=",")
    there = filters.address(page=filters.page)
    return RedirectResponse(f"{there}{'&' if '?' in there else '?'}{told}#done", 303)


def _one(site: Site, agent: Agent, form: Form, number: int, wish: Wish) -> bool:
    """Whether it was done: not to a ticket that was closed or merged meanwhile."""
    desk = site.desk
    with desk.db.reading() as tx:
        ticket = tickets.load(tx, number)
        target = tickets.load(tx, int(wish.merge)) if wish.merge else None
    if ticket is None or not acts.may_act(desk.policy, ticket, wish):
        return False
    if acts.refusals(desk.policy, agent, ticket, wish, target, files=False):
        return False
    acts.submit(desk, agent, ticket, wish, form.key, form.shown)
    return True


def _wishes(policy: Policy, agent: Agent, action: str, numbers: list[int]) -> dict[int, Wish]:
    """What is to be done to each ticket; {} for an action that there is none of."""
    what, _, name = action.partition(":")
    owner = agent if action == "take" else policy.agent(name) if what == "assign" else None
    if owner:
        return dict.fromkeys(numbers, Wish("", owner=owner.address))
    if what == "state" and name in policy.states and policy.state(name).keywords:
        return dict.fromkeys(numbers, Wish("", state=name))
    if action == "merge" and len(numbers) > 1:
        oldest = min(numbers)
        return {one: Wish("", merge=str(oldest)) for one in numbers if one != oldest}
    return {}


def _numbers(given: list[str]) -> list[int]:
    """Numbers of tickets, each once, in their order."""
    found = (int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 10)
    return list(dict.fromkeys(found))
