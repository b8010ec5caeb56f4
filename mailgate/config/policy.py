"""The tables of config.toml, states and notifications: their rules, and the Policy they make."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mailgate.config.models import Desk
from mailgate.config.problems import Report
from mailgate.config.rows import AgentRow, NotifyRow, StateRow
from mailgate.config.toml_lines import Loc
from rules.keywords import FIXED_KEYWORDS, fold
from rules.policy import NEW, OPEN, Agent, By, Notify, On, Policy, State, Timer, To

_PEOPLE = (By.ANYONE, By.AGENT, By.REQUESTER, By.OTHER, By.UNVERIFIED)
# Who can cause what; a row with anybody else would wait for ever.
_CAUSES: Mapping[On, tuple[By, ...]] = {
    On.OPENED: (By.ANYONE,),
    On.NOTE: _PEOPLE,
    On.REPLY: (By.ANYONE, By.AGENT),
    On.TRANSFER: (By.ANYONE, By.AGENT),
    On.STATE: (*_PEOPLE, By.TIMER),
    On.REMINDER: (By.ANYONE, By.TIMER),
    On.LATE: _PEOPLE,
    On.INTERNAL: (By.ANYONE, By.AGENT),
    On.TROUBLE: (By.ANYONE, By.DESK),
}
# What people read on an English desk whose file has no states of its own.
_ENGLISH = {
    "new": "New",
    "open": "In progress",
    "waiting": "Waiting for your answer within 72 h",
    "resolved": "Resolved",
    "closed": "Closed",
    "unanswered": "Closed without answer",
}
_ONLY_WITH: Mapping[To, On] = {
    To.COPIES: On.REPLY,
    To.ADDRESS: On.TRANSFER,
    To.AGENT: On.TROUBLE,
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The valid rows: states by name, notifications by their rank in the file."""

    names: tuple[str, ...]  # every state of the file, the invalid ones too
    states: Mapping[str, StateRow]
    notify: Mapping[int, NotifyRow]
    whole: bool  # whether no row of `notify` was left out as invalid


def check_tables(tables: Tables, report: Report) -> None:
    """Report what does not fit together in and between the two tables."""
    for name in (NEW, OPEN):
        if name not in tables.names:
            report.add(
                ("states",),
                f'the state "{name}" is missing; every ticket needs it: [states.{name}]',
            )
        elif name in tables.states and tables.states[name].final:
            report.add(("states", name, "final"), "must be false: tickets have to get past it")
    for name, state in tables.states.items():
        _check_state(name, state, tables, report)
    _check_keywords(tables.states, report)
    for rank, row in tables.notify.items():
        _check_row(rank, row, tables, report)
    _check_repeats(tables.notify, report)


def build_policy(
    desk: Desk, agents: Mapping[int, AgentRow], tables: Tables, report: Report
) -> Policy:
    """The frozen Policy of a configuration that was found right."""
    return Policy(
        desk=desk.name,
        former_desks=desk.former_names,
        address=desk.address,
        agents=tuple(Agent(row.name, row.address, row.aliases) for row in agents.values()),
        states=MappingProxyType(
            {name: _state(name, tables.states[name], desk, report) for name in tables.names}
        ),
        notify=tuple(_notify(rank, row, report) for rank, row in tables.notify.items()),
        thanks=desk.thanks,
        language=desk.language,
    )


def _state(name: str, row: StateRow, desk: Desk, report: Report) -> State:
    loc: Loc = ("states", name)
    shipped = report.is_shipped((*loc, "label"))
    label = _ENGLISH.get(name, row.label) if shipped and desk.language == "en" else row.label
    timers = tuple(
        Timer(timer.after, timer.notify, timer.state, report.source((*loc, "timers", rank)))
        for rank, timer in enumerate(row.timers)
    )
    source = report.source(loc)
    return State(name, label, row.keywords, row.final, row.answer, timers, source)


def _notify(rank: int, row: NotifyRow, report: Report) -> Notify:
    template = row.template or (row.state or row.on.value).replace("_", "-")
    source = report.source(("notify", rank))
    return Notify(row.on, row.by, row.state, row.to, row.tag, template, row.fold, source)


def _check_state(name: str, state: StateRow, tables: Tables, report: Report) -> None:
    loc: Loc = ("states", name)
    if state.answer:
        _check_name((*loc, "answer"), state.answer, tables, report)
    if state.final and state.answer:
        report.add((*loc, "answer"), "can never happen: an answer leaves a final state as it is")
    before: Loc = ()
    for rank, timer in enumerate(state.timers):
        place: Loc = (*loc, "timers", rank)
        if state.final:
            report.add(place, "can never fire: the state is final; take the timer out")
        elif before:
            report.add(place, "can never fire: the timer before it leaves the state")
        if rank and timer.after <= state.timers[rank - 1].after:
            report.add((*place, "after"), "must be later than the timer before: soonest first")
        if bool(timer.notify) == bool(timer.state):
            report.add(place, 'needs either notify = "reminder" or state = "…", one of the two')
        if timer.state:
            before = place
            _check_name((*place, "state"), timer.state, tables, report)
            if timer.state == name:
                report.add((*place, "state"), f'the ticket is in "{name}" already; name another')
        if timer.notify and tables.whole and not _has_reminder(tables):
            report.add(
                (*place, "notify"),
                'reminds nobody: [[notify]] has no row with on = "reminder"; add one',
            )


def _has_reminder(tables: Tables) -> bool:
    return any(row.on is On.REMINDER for row in tables.notify.values())


def _check_name(loc: Loc, state: str, tables: Tables, report: Report) -> None:
    if state in tables.names:
        return
    if report.is_shipped(loc):
        hint = "add it to your [states], or write [[notify]] rows of your own"
    else:
        near = difflib.get_close_matches(state, tables.names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(tables.names)}"
    report.add(loc, f'there is no state "{state}"; {hint}')


def _check_keywords(states: Mapping[str, StateRow], report: Report) -> None:
    fixed = {fold(word): word for word in FIXED_KEYWORDS}
    taken: dict[str, str] = {}
    for name, state in states.items():
        for rank, word in enumerate(state.keywords):
            folded = fold(word)
            owner = taken.setdefault(folded, name)
            loc: Loc = ("states", name, "keywords", rank)
            if folded in fixed:
                report.add(
                    loc, f'"{word}" is mailgate\'s own keyword #{fixed[folded]}; choose another'
                )
            elif owner != name:
                report.add(loc, f'"{word}" is a keyword of states.{owner} already; keep one')


def _check_row(rank: int, row: NotifyRow, tables: Tables, report: Report) -> None:
    loc: Loc = ("notify", rank)
    if row.on is On.STATE:
        if row.state:
            _check_name((*loc, "state"), row.state, tables, report)
        else:
            report.add(loc, 'on = "state" needs state = "…": the state that the ticket comes into')
    elif row.state:
        report.add((*loc, "state"), f'goes with on = "state" only, not with "{row.on}"')
    if row.fold and row.on is not On.STATE:
        report.add((*loc, "fold"), f'goes with on = "state" only, not with "{row.on}"')
    if row.by not in _CAUSES[row.on]:
        causes = ", ".join(_CAUSES[row.on])
        report.add((*loc, "by"), f'"{row.on}" is never by "{row.by}"; possible: {causes}')
    for to in row.to:
        if to in _ONLY_WITH and row.on is not _ONLY_WITH[to]:
            report.add((*loc, "to"), f'"{to}" goes with on = "{_ONLY_WITH[to]}" only')


def _check_repeats(notify: Mapping[int, NotifyRow], report: Report) -> None:
    """The first row that tells somebody is the only one: a later one for him never matches."""
    told: dict[tuple[On, By, str, To], int] = {}
    for rank, row in notify.items():
        earlier = [_teller(row, to, told) for to in row.to]
        if None not in earlier:
            ranks = sorted({f"notify[{first + 1}]" for first in earlier if first is not None})
            report.add(
                ("notify", rank),
                f"can never match: {' and '.join(ranks)} told the same people already; take it out",
            )
        for to in row.to:
            told.setdefault((row.on, row.by, row.state, to), rank)


def _teller(row: NotifyRow, to: To, told: Mapping[tuple[On, By, str, To], int]) -> int | None:
    """The rank of the earlier row that tells `to` whenever `row` would."""
    for by in (row.by, By.ANYONE):
        if (row.on, by, row.state, to) in told:
            return told[row.on, by, row.state, to]
    return None
