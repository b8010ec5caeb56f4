"""Whatever happens to a ticket, in whatever order: what decide() never does.

The policy is the shipped one. The model applies effects as the shell does, but
to values alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.config import load
from rules.engine import decide, paused
from rules.keywords import Answer, Code, Orders, Refusal
from rules.model import (
    Absence,
    AddEntry,
    Address,
    Away,
    BounceTold,
    Clock,
    Contribution,
    Effect,
    EntryKind,
    Event,
    Failing,
    Forward,
    Kind,
    MergeInto,
    Merging,
    OpenTicket,
    Pending,
    Reach,
    Reached,
    Role,
    SetOwner,
    SetRequester,
    SetState,
    Settle,
    Standing,
    Tell,
    Ticket,
    ToldLate,
    Undelivered,
    Verdict,
)
from rules.policy import NEW, OPEN, Agent, On

ROOT = Path(__file__).parent.parent.parent
SHIPPED = load(ROOT / "config.toml", {}).policy
SEB, NADIA = "sebastien@fram.example", "nadia@fram.example"
POLICY = replace(SHIPPED, agents=(Agent("Sébastien", SEB), Agent("Nadia", NADIA)))
START = datetime(2026, 7, 20, 9, 0, tzinfo=UTC)
OUTSIDERS = ("marie@fram.example", "rh@fram.example", "eve@elsewhere.example")
RELAYED = (On.NOTE, On.REPLY, On.TRANSFER, On.INTERNAL)


@dataclass
class Desk:
    """One ticket, or none yet, and the clocks that run for it."""

    ticket: Ticket | None = None
    clocks: tuple[Clock, ...] = ()

    def apply(self, effects: tuple[Effect, ...], now: datetime) -> None:
        for effect in effects:
            match effect:
                case OpenTicket(subject, requester):
                    self.ticket = Ticket(1, subject, NEW, requester, "", now, now)
                case SetState(state):
                    assert self.ticket
                    self.ticket = replace(self.ticket, state=state)
                    self.clocks = tuple(
                        Clock(n, state, now + t.after, t.after, t.notify, t.state, t.source)
                        for n, t in enumerate(POLICY.states[state].timers)
                    )
                case SetOwner(agent):
                    assert self.ticket
                    self.ticket = replace(self.ticket, owner=agent)
                case SetRequester(requester):
                    assert self.ticket
                    self.ticket = replace(self.ticket, requester=requester)
                case MergeInto(number):
                    assert self.ticket
                    self.ticket, self.clocks = replace(self.ticket, merged_into=number), ()
                    return  # what follows is about the other ticket
                case Failing(email, error):
                    self._known(email, failure=error, failing_since=now)
                case Reached(email, wrote):
                    self._known(email, failing_since=None, **({"failure": ""} if wrote else {}))
                case Away(absence):
                    self._known(absence.email, absent_since=now, back_on=absence.back_on)
                case BounceTold():
                    assert self.ticket
                    self.ticket = replace(self.ticket, bounce_told=True)
                case ToldLate(email):
                    assert self.ticket
                    self.ticket = replace(self.ticket, late_told=self.ticket.late_told | {email})

    def _known(self, email: str, **changes: object) -> None:
        assert self.ticket
        known = self.ticket.reach_of(email) or Reach(Address(email), "", None, None, None)
        others = tuple(one for one in self.ticket.reach if one.person.email != email)
        self.ticket = replace(self.ticket, reach=(*others, replace(known, **changes)))  # type: ignore[arg-type]


ORDERS = st.builds(
    Orders,
    kind=st.sampled_from(
        [None, EntryKind.NOTE, EntryKind.REPLY, EntryKind.TRANSFER, EntryKind.INTERNAL]
    ),
    addresses=st.lists(st.sampled_from([*OUTSIDERS, NADIA]), max_size=3, unique=True).map(
        lambda found: tuple(Address(email) for email in found)
    ),
    state=st.sampled_from(["", "open", "waiting", "resolved", "closed"]),
    owner=st.sampled_from(["", SEB, NADIA]),
    help=st.booleans(),
    requester=st.sampled_from([None, None, None, *map(Address, (*OUTSIDERS, NADIA))]),
    merge=st.sampled_from([0, 0, 0, 1, 2]),
    refused=st.sampled_from([(), (), (), (Refusal("#x", Code.UNKNOWN),)]),
)
VERDICTS = st.sampled_from([None, None, None, *(Verdict(kind, "a reason") for kind in Kind)])


OTHER = Ticket(2, "another matter", OPEN, Address("paul@fram.example"), NADIA, START, START)
TARGETS = [None, OTHER, replace(OTHER, state="closed"), replace(OTHER, merged_into=3)]
UNDELIVERED = st.builds(
    Undelivered,
    recipient=st.sampled_from([*OUTSIDERS, SEB, NADIA]).map(Address),
    reference=st.just("mg-" + "a" * 26),
    error=st.just("550 no"),
    notice_of_trouble=st.booleans(),
)
NEWS = st.sampled_from(["", "", "undelivered", "harmless", "absent"])  # what a machine tells


@st.composite
def contributions(draw: st.DrawFn) -> Contribution:
    role = draw(st.sampled_from(list(Role)))
    agents = role in (Role.AGENT, Role.UNPROVEN)
    author = draw(st.sampled_from([SEB, NADIA] if agents else [*OUTSIDERS, POLICY.address, ""]))
    said = Contribution(
        author=Address(author) if author else None,
        standing=Standing(role, draw(st.booleans()), "a reason"),
        subject="x",
        text=draw(st.sampled_from(["", "words"])),
        quoted=draw(st.sampled_from(["", "> quoted"])),
        cc=(Address(NADIA), Address(OUTSIDERS[1])),
        automatic=draw(VERDICTS),
        answers=draw(st.sampled_from(["", SEB, OUTSIDERS[0]])),
        answers_internal=draw(st.booleans()),
        orders=draw(ORDERS) if agents and draw(st.integers(0, 3)) else None,
        original=role is Role.REQUESTER and bool(author) and draw(st.integers(0, 4)) == 0,
        forward=draw(st.sampled_from([None, Forward(Address(OUTSIDERS[0]), "forwarded", "words")])),
        branch=draw(st.sampled_from([None, None, None, OTHER])),
        merging=Merging(draw(st.sampled_from(TARGETS)), (Address(OUTSIDERS[1]), Address(SEB))),
        answer=draw(st.sampled_from([None, *Answer])) if role is Role.REQUESTER else None,
        repeat=draw(st.integers(0, 9)) == 0,
    )
    if said.automatic:
        match draw(NEWS):
            case "undelivered":
                said = replace(said, undelivered=draw(UNDELIVERED))
            case "harmless":
                said = replace(said, harmless=True)
            case "absent":
                away = Absence(draw(st.sampled_from([*OUTSIDERS, SEB])), START.date())
                said = replace(said, absence=away)
    if role is Role.AGENT and draw(st.integers(0, 4)) == 0:
        words = replace(said, text="proven words", orders=draw(ORDERS), automatic=None)
        said = replace(said, confirms=Pending(7, words, opens=draw(st.booleans())))
    return said


Happenings = list[Contribution | Undelivered | int]
HAPPENINGS = st.lists(
    st.one_of(contributions(), contributions(), UNDELIVERED, st.integers(0, 3)), max_size=25
)


def play(happenings: Happenings) -> list[Step]:
    """Every step: the ticket before it, the event, the effects, the ticket after it.

    A number rings that clock of the ticket, one that it has left before included.
    """
    desk, now, steps = Desk(), START, []
    ever: list[Clock] = []
    for what in happenings:
        now += timedelta(hours=80)
        ever += [clock for clock in desk.clocks if clock not in ever]
        if isinstance(what, int):
            if not ever:
                continue
            event: Event = ever[what % len(ever)]
        else:
            event = what
        before = desk.ticket
        effects = decide(POLICY, before, event, now)
        desk.apply(effects, now)
        steps.append(Step(before, event, effects, desk.ticket))
    return steps


@dataclass
class Step:
    before: Ticket | None
    event: Event
    effects: tuple[Effect, ...]
    after: Ticket | None

    @property
    def tells(self) -> list[Tell]:
        return [effect for effect in self.effects if isinstance(effect, Tell)]


@settings(max_examples=300)
@given(HAPPENINGS)
def test_no_sequence_leaves_a_final_state_but_by_a_proven_agents_order(
    happenings: Happenings,
) -> None:
    for step in play(happenings):
        if step.before and POLICY.states[step.before.state].final and step.after:
            if step.after.state == step.before.state:
                continue
            event = step.event
            assert isinstance(event, Contribution)
            said = event.confirms.contribution if event.confirms else event
            assert event.standing.role is Role.AGENT
            assert event.automatic is None
            assert said.orders is not None
            assert said.orders.state == OPEN


@settings(max_examples=300)
@given(HAPPENINGS)
def test_a_timer_of_a_state_already_left_does_nothing(happenings: Happenings) -> None:
    for step in play(happenings):
        if isinstance(step.event, Clock) and step.before:
            assert step.before.state == step.event.state or step.effects == ()


@settings(max_examples=300)
@given(HAPPENINGS)
def test_no_internal_words_go_outside(happenings: Happenings) -> None:
    for step in play(happenings):
        words: AddEntry | None = None
        for effect in step.effects:
            if isinstance(effect, AddEntry) and effect.kind is not EntryKind.STATE:
                words = effect
            if isinstance(effect, Tell) and effect.words and not effect.to_agent and words:
                assert not words.internal, effect


@settings(max_examples=300)
@given(HAPPENINGS)
def test_nobody_is_mailed_his_own_words(happenings: Happenings) -> None:
    for step in play(happenings):
        if isinstance(step.event, Contribution) and step.event.author:
            for tell in step.tells:
                if tell.on in RELAYED:
                    assert tell.recipient.email != step.event.author.email, tell


@settings(max_examples=300)
@given(HAPPENINGS)
def test_one_event_gives_one_recipient_one_mail(happenings: Happenings) -> None:
    for step in play(happenings):
        told = [(tell.on, tell.recipient.email) for tell in step.tells]
        assert len(told) == len(set(told)), told
        assert POLICY.address not in {tell.recipient.email for tell in step.tells}


@settings(max_examples=300)
@given(HAPPENINGS)
def test_every_mail_has_one_outcome_with_a_reason(happenings: Happenings) -> None:
    for step in play(happenings):
        settles = [effect for effect in step.effects if isinstance(effect, Settle)]
        if isinstance(step.event, Contribution):
            assert len(settles) == 1
            assert settles[0].reason
        else:
            assert settles == []


@settings(max_examples=300)
@given(HAPPENINGS)
def test_automatic_mail_answers_nothing_and_moves_nothing(happenings: Happenings) -> None:
    for step in play(happenings):
        if isinstance(step.event, Contribution) and step.event.automatic and step.before:
            assert all(tell.to_agent for tell in step.tells)
            assert step.after
            assert replace(step.after, reach=(), bounce_told=False) == replace(
                step.before, reach=(), bounce_told=False
            )


@settings(max_examples=300)
@given(HAPPENINGS)
def test_an_address_that_fails_is_told_of_once_until_it_writes(happenings: Happenings) -> None:
    told: set[str] = set()
    unknown = 0
    for step in play(happenings):
        if isinstance(step.event, Contribution) and step.event.branch:
            continue  # marked on the merged ticket, which is not played here
        for effect in step.effects:
            if isinstance(effect, Reached) and effect.wrote:
                told.discard(effect.email)
            if isinstance(effect, Failing):
                tells = [tell for tell in step.tells if tell.reason == "undelivered"]
                assert not (tells and effect.email in told)
                assert all(tell.recipient.email != effect.email for tell in tells)
                told.add(effect.email)
        unknown += any(tell.reason == "bounced" for tell in step.tells)
    assert unknown <= 1


@settings(max_examples=300)
@given(HAPPENINGS)
def test_no_clock_rings_while_the_requesters_address_fails(happenings: Happenings) -> None:
    for step in play(happenings):
        if isinstance(step.event, Clock) and step.before and paused(POLICY, step.before):
            assert step.effects == ()


@settings(max_examples=300)
@given(HAPPENINGS)
def test_a_clock_is_paused_by_a_failure_alone(happenings: Happenings) -> None:
    for step in play(happenings):
        if step.before and step.after and paused(POLICY, step.after):
            began = not paused(POLICY, step.before)
            failed = any(isinstance(effect, Failing) for effect in step.effects)
            entered = any(isinstance(effect, SetState) for effect in step.effects)
            assert failed or entered or not began


@settings(max_examples=300)
@given(HAPPENINGS)
def test_an_agent_without_proof_changes_and_mails_nothing(
    happenings: Happenings,
) -> None:
    for step in play(happenings):
        event = step.event
        if not isinstance(event, Contribution) or event.standing.role is not Role.UNPROVEN:
            continue
        if step.before and not POLICY.states[step.before.state].final:
            assert step.after
            if event.automatic:  # a bounce proves itself, by the reference of a mail that was sent
                step.after = replace(step.after, reach=step.before.reach)
                step.after = replace(step.after, bounce_told=step.before.bounce_told)
            assert step.after == step.before
            assert all(tell.to_agent for tell in step.tells)


@settings(max_examples=300)
@given(HAPPENINGS)
def test_without_proof_a_ticket_opens_for_nobody_else(happenings: Happenings) -> None:
    for step in play(happenings):
        event = step.event
        if step.before or not isinstance(event, Contribution) or not event.orders:
            continue
        if event.automatic:  # a machine opens nothing for anybody, whatever it wrote
            assert step.after is None or step.after.requester == event.author
            continue
        if event.standing.role is Role.UNPROVEN or event.orders.refused:
            assert all(tell.to_agent for tell in step.tells)
            assert all(e.internal for e in step.effects if isinstance(e, AddEntry))
            assert step.after is None or step.after.requester == event.author


@settings(max_examples=300)
@given(HAPPENINGS)
def test_what_is_said_to_one_tickets_people_is_not_told_to_the_others(
    happenings: Happenings,
) -> None:
    """A merged ticket's thread: the requester of the ticket that took it over reads no word."""
    for step in play(happenings):
        if step.before and isinstance(step.event, Contribution) and step.event.branch:
            own = step.before.requester.email if step.before.requester else ""
            asked = {one.email for one in step.event.orders.addresses} if step.event.orders else ()
            said = step.event.confirms.contribution.orders if step.event.confirms else None
            asked = {*asked, *(one.email for one in said.addresses if said)} if said else asked
            if step.event.original or own in asked or own == step.event.branch.requester.email:
                continue
            for tell in step.tells:
                if tell.words and not tell.to_agent and tell.on in RELAYED:
                    assert tell.recipient.email != own


@settings(max_examples=300)
@given(HAPPENINGS)
def test_only_a_proven_agent_merges_and_no_closed_ticket_does(happenings: Happenings) -> None:
    for step in play(happenings):
        for effect in step.effects:
            if isinstance(effect, MergeInto):
                assert isinstance(step.event, Contribution)
                assert step.event.standing.role is Role.AGENT
                assert step.before is None or not POLICY.states[step.before.state].final
                assert effect.number == OTHER.number
