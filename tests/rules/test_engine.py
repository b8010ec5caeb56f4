"""decide(), without one mock: an event on a ticket, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules.engine import decide
from rules.model import (
    AddEntry,
    Address,
    Contribution,
    Effect,
    EntryKind,
    Kind,
    OpenTicket,
    Outcome,
    Role,
    SetOwner,
    SetState,
    Settle,
    Standing,
    Tell,
    Ticket,
    ToldLate,
    Undelivered,
    Verdict,
)
from rules.orders import Orders
from rules.policy import Agent, By, Notify, On, Policy, State, To

NOW = datetime(2026, 7, 20, 9, 0, tzinfo=UTC)
MARIE = Address("marie@fram.example", "Marie DUPONT")
SEB = Address("sebastien@fram.example", "Sébastien")
NADIA = Address("nadia@fram.example", "Nadia")
RH = Address("rh@fram.example", "RH")
EVE = Address("eve@elsewhere.example")


def _row(on: On, by: By, to: tuple[To, ...], tag: str, state: str = "") -> Notify:
    return Notify(on, by, state, to, tag, state or on, False, f"config.toml:{tag}")


def _state(name: str, *, final: bool = False) -> State:
    return State(name, name.title(), (), final, "", (), "config.toml:1")


POLICY = Policy(
    desk="FRAM",
    former_desks=(),
    address="support@fram.example",
    agents=(Agent("Sébastien", SEB.email, ("seb@home.example",)), Agent("Nadia", NADIA.email)),
    states={
        "new": _state("new"),
        "open": _state("open"),
        "closed": _state("closed", final=True),
    },
    notify=(
        _row(On.OPENED, By.ANYONE, (To.REQUESTER,), "Nouveau"),
        _row(On.OPENED, By.ANYONE, (To.AGENTS,), "Nouveau"),
        _row(On.NOTE, By.AGENT, (To.REQUESTER,), "Note/Réponse"),
        _row(On.NOTE, By.REQUESTER, (To.OWNER,), "Note"),
        _row(On.NOTE, By.OTHER, (To.REQUESTER, To.OWNER), "Note"),
        _row(On.NOTE, By.UNVERIFIED, (To.OWNER,), "Note"),
        _row(On.LATE, By.ANYONE, (To.AUTHOR, To.OWNER), "Clôturé"),
        _row(On.INTERNAL, By.AGENT, (To.OWNER,), "Interne"),
        _row(On.TROUBLE, By.DESK, (To.AGENT,), "Anomalie"),
    ),
)
TICKET = Ticket(1898, "Arrivée", "open", MARIE, SEB.email, NOW, NOW)
NEW = replace(TICKET, state="new", owner="")
CLOSED = replace(TICKET, state="closed")


def said(author: Address | None, role: Role, text: str = "Voici.", **more: object) -> Contribution:
    verified = role in (Role.AGENT, Role.REQUESTER, Role.OTHER)
    standing = Standing(role, verified, "for a reason")
    return replace(Contribution(author, standing, "Arrivée", text), **more)


def told(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    return [(e.recipient.email, e.tag) for e in effects if isinstance(e, Tell)]


def entries(effects: tuple[Effect, ...]) -> list[AddEntry]:
    return [e for e in effects if isinstance(e, AddEntry)]


def outcome(effects: tuple[Effect, ...]) -> Outcome:
    (settle,) = [e for e in effects if isinstance(e, Settle)]
    assert settle.reason
    return settle.outcome


AUTO = Verdict(Kind.AUTO_REPLY, "Auto-Submitted: auto-replied")
BOUNCE = Verdict(Kind.BOUNCE, "Return-Path: <>")
LIST = Verdict(Kind.LIST, "List-Id: <x>")
ALL = [(SEB.email, "Nouveau"), (NADIA.email, "Nouveau")]

TOLD = [
    # what happens, on which ticket, who is told under which tag
    pytest.param(None, said(MARIE, Role.REQUESTER), [(MARIE.email, "Nouveau"), *ALL], id="opened"),
    pytest.param(None, said(SEB, Role.REQUESTER), ALL, id="opened by an agent: one mail each"),
    pytest.param(None, said(None, Role.REQUESTER), ALL, id="opened by nobody"),
    pytest.param(None, said(MARIE, Role.REQUESTER, automatic=LIST), ALL, id="opened by a list"),
    pytest.param(None, said(MARIE, Role.REQUESTER, automatic=AUTO), [], id="auto-reply, no ticket"),
    pytest.param(
        TICKET, said(SEB, Role.AGENT), [(MARIE.email, "Note/Réponse")], id="note by the agent"
    ),
    pytest.param(TICKET, said(MARIE, Role.REQUESTER), [(SEB.email, "Note")], id="by requester"),
    pytest.param(
        NEW,
        said(MARIE, Role.REQUESTER),
        [(SEB.email, "Note"), (NADIA.email, "Note")],
        id="by requester, nobody owns it",
    ),
    pytest.param(
        TICKET,
        said(RH, Role.OTHER),
        [(MARIE.email, "Note"), (SEB.email, "Note")],
        id="by a third party",
    ),
    pytest.param(TICKET, said(EVE, Role.UNVERIFIED), [(SEB.email, "Note")], id="by tag alone"),
    pytest.param(
        TICKET, said(RH, Role.OTHER, automatic=AUTO), [(SEB.email, "Note")], id="absence of RH"
    ),
    pytest.param(
        TICKET,
        said(NADIA, Role.AGENT, answers_internal=True),
        [(SEB.email, "Interne")],
        id="answer to an internal note",
    ),
    pytest.param(
        TICKET,
        said(SEB, Role.AGENT, answers_internal=True),
        [],
        id="the owner's own internal note",
    ),
    pytest.param(
        TICKET, said(SEB, Role.UNPROVEN), [(SEB.email, "Anomalie")], id="agent without proof"
    ),
    pytest.param(
        TICKET,
        said(Address("seb@home.example"), Role.UNPROVEN),
        [(SEB.email, "Anomalie")],
        id="alias without proof: told at the known address",
    ),
    pytest.param(
        CLOSED,
        said(MARIE, Role.REQUESTER),
        [(MARIE.email, "Clôturé"), (SEB.email, "Clôturé")],
        id="late",
    ),
    pytest.param(
        replace(CLOSED, late_told=frozenset({MARIE.email})),
        said(MARIE, Role.REQUESTER),
        [(SEB.email, "Clôturé")],
        id="late again",
    ),
    pytest.param(
        CLOSED,
        said(MARIE, Role.REQUESTER, automatic=AUTO),
        [(SEB.email, "Clôturé")],
        id="late by a machine",
    ),
    pytest.param(TICKET, said(MARIE, Role.REQUESTER, repeat=True), [], id="list copy of a mail"),
    pytest.param(
        TICKET,
        Undelivered(MARIE, "mg-x", "550 no", notice_of_trouble=False),
        [(SEB.email, "Anomalie")],
        id="undelivered to the requester",
    ),
    pytest.param(
        TICKET,
        Undelivered(SEB, "mg-x", "550 no", notice_of_trouble=False),
        [(NADIA.email, "Anomalie")],
        id="undelivered to the owner",
    ),
    pytest.param(
        TICKET,
        Undelivered(NADIA, "mg-x", "550 no", notice_of_trouble=True),
        [],
        id="an undelivered trouble mail tells nobody",
    ),
    pytest.param(
        TICKET, said(Address(POLICY.address), Role.OTHER), [], id="the desk never hears itself"
    ),
]


@pytest.mark.parametrize(("ticket", "event", "expected"), TOLD)
def test_who_is_told(
    ticket: Ticket | None,
    event: Contribution | Undelivered,
    expected: list[tuple[str, str]],
) -> None:
    assert told(decide(POLICY, ticket, event, NOW)) == expected


OUTCOMES = [
    pytest.param(None, said(MARIE, Role.REQUESTER), Outcome.OPENED, id="opened"),
    pytest.param(TICKET, said(MARIE, Role.REQUESTER), Outcome.NOTED, id="noted"),
    pytest.param(TICKET, said(RH, Role.OTHER, automatic=AUTO), Outcome.AUTO_REPLY, id="auto"),
    pytest.param(TICKET, said(RH, Role.OTHER, automatic=BOUNCE), Outcome.BOUNCE, id="bounce"),
    pytest.param(
        None, said(RH, Role.REQUESTER, automatic=BOUNCE), Outcome.BOUNCE, id="bounce, no ticket"
    ),
    pytest.param(None, said(Address(POLICY.address), Role.REQUESTER), Outcome.HELD, id="itself"),
    pytest.param(CLOSED, said(MARIE, Role.REQUESTER), Outcome.NOTED, id="late"),
]


@pytest.mark.parametrize(("ticket", "event", "expected"), OUTCOMES)
def test_outcome_of_the_ledger(
    ticket: Ticket | None, event: Contribution, expected: Outcome
) -> None:
    assert outcome(decide(POLICY, ticket, event, NOW)) is expected


def test_the_first_answer_of_an_agent_takes_the_ticket_up() -> None:
    effects = decide(POLICY, NEW, said(Address("seb@home.example"), Role.AGENT), NOW)
    assert SetOwner(SEB.email) in effects
    assert SetState("open") in effects
    assert [e.kind for e in entries(effects)] == [EntryKind.NOTE, EntryKind.STATE]


def test_a_second_agent_does_not_take_an_owned_ticket() -> None:
    effects = decide(POLICY, replace(NEW, owner=SEB.email), said(NADIA, Role.AGENT), NOW)
    assert not [e for e in effects if isinstance(e, SetOwner)]


@pytest.mark.parametrize(
    "role", [Role.REQUESTER, Role.OTHER, Role.UNVERIFIED, Role.UNPROVEN], ids=str
)
def test_nobody_else_takes_a_ticket_up(role: Role) -> None:
    effects = decide(POLICY, NEW, said(EVE, role), NOW)
    assert not [e for e in effects if isinstance(e, SetOwner | SetState)]


def test_an_internal_answer_of_an_agent_takes_nothing_up() -> None:
    effects = decide(POLICY, NEW, said(SEB, Role.AGENT, answers_internal=True), NOW)
    assert not [e for e in effects if isinstance(e, SetOwner | SetState)]
    assert entries(effects)[0].internal


def test_an_agent_without_proof_stays_inside() -> None:
    effects = decide(POLICY, TICKET, said(SEB, Role.UNPROVEN), NOW)
    assert all(entry.internal for entry in entries(effects))
    assert all(e.to_agent for e in effects if isinstance(e, Tell))


def test_an_agent_whose_words_are_all_quote_stays_inside() -> None:
    event = said(SEB, Role.AGENT, text="", quoted="> interne")
    effects = decide(POLICY, TICKET, event, NOW)
    assert entries(effects)[0].internal
    assert told(effects) == [(SEB.email, "Anomalie")]


def test_a_final_ticket_changes_nothing() -> None:
    for role in Role:
        effects = decide(POLICY, CLOSED, said(SEB, role), NOW)
        assert not [e for e in effects if isinstance(e, SetOwner | SetState | OpenTicket)]


@pytest.mark.parametrize(
    ("orders", "answered"),
    [(Orders(help=True), True), (Orders(help=True, state="waiting"), False)],
)
def test_a_question_for_the_keywords_is_answered_on_a_final_ticket_too(
    orders: Orders, answered: bool
) -> None:
    effects = decide(POLICY, CLOSED, said(SEB, Role.AGENT, text="", orders=orders), NOW)
    assert [e.on == "help" for e in effects if isinstance(e, Tell)] == [answered]
    assert not [e for e in effects if isinstance(e, SetState)]


def test_late_senders_are_remembered_and_agents_are_not() -> None:
    marie = decide(POLICY, CLOSED, said(MARIE, Role.REQUESTER), NOW)
    assert ToldLate(MARIE.email) in marie
    agent = decide(POLICY, CLOSED, said(SEB, Role.AGENT), NOW)
    assert not [e for e in agent if isinstance(e, ToldLate)]


def test_a_third_party_never_joins_by_the_tag() -> None:
    late = decide(POLICY, CLOSED, said(EVE, Role.UNVERIFIED), NOW)
    assert [e.joins for e in late if isinstance(e, Tell) and not e.to_agent] == [False]


def test_in_copy_are_neither_the_desk_nor_agents() -> None:
    event = said(MARIE, Role.REQUESTER, cc=(RH, SEB, Address(POLICY.address)))
    (opened,) = [e for e in decide(POLICY, None, event, NOW) if isinstance(e, OpenTicket)]
    assert opened.cc == (RH,)


def test_relayed_words_are_no_notices_and_the_desks_own_are() -> None:
    opened = decide(POLICY, None, said(MARIE, Role.REQUESTER), NOW)
    notices = {e.recipient.email: e.notice for e in opened if isinstance(e, Tell)}
    assert notices == {MARIE.email: True, SEB.email: False, NADIA.email: False}
    note = decide(POLICY, TICKET, said(SEB, Role.AGENT), NOW)
    assert [e.notice for e in note if isinstance(e, Tell)] == [False]


def test_agents_and_what_agents_cause_are_not_bounded() -> None:
    note = decide(POLICY, TICKET, said(SEB, Role.AGENT), NOW)
    assert [e.bounded for e in note if isinstance(e, Tell)] == [False]
    third = decide(POLICY, TICKET, said(RH, Role.OTHER), NOW)
    assert [e.bounded for e in third if isinstance(e, Tell)] == [True, False]


def test_the_hour_does_not_matter_yet() -> None:
    event = said(MARIE, Role.REQUESTER)
    later = NOW + timedelta(days=400)
    assert decide(POLICY, TICKET, event, NOW) == decide(POLICY, TICKET, event, later)


def test_a_state_taken_out_of_the_file_is_an_open_one_without_clocks() -> None:
    gone = replace(TICKET, state="paused")
    effects = decide(POLICY, gone, said(MARIE, Role.REQUESTER), NOW)
    assert told(effects) == [(SEB.email, "Note")]
    assert not [e for e in effects if isinstance(e, SetState)]
