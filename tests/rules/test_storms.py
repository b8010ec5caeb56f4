"""Ceilings: what is counted as what, for how long, and what is left of a decision beyond."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules import storms
from rules.model import (
    AddEntry,
    Address,
    Ceiling,
    Contribution,
    Effect,
    EntryKind,
    Kind,
    OpenTicket,
    Outcome,
    Role,
    SetState,
    Settle,
    Standing,
    Storm,
    Tally,
    Tell,
    Ticket,
    ToldLate,
    Verdict,
)
from rules.policy import Agent, Policy

NOW = datetime(2026, 7, 20, 9, tzinfo=UTC)
MARIE = Address("marie@client.example", "Marie")
SEB = Address("seb@fram.example", "Sébastien")
TICKET = Ticket(1898, "Imprimante", "open", MARIE, "", NOW, NOW)
ENTRY = AddEntry(EntryKind.NOTE, MARIE, "Toujours.")
TO_SEB = Tell(SEB, True, "note", "Note", "agent-note", "config.toml:31")
TO_MARIE = replace(TO_SEB, recipient=MARIE, to_agent=False)
NOTED = Settle(Outcome.NOTED, "cites a reference")
ON_TICKET: tuple[Effect, ...] = (ENTRY, TO_SEB, ToldLate(MARIE.email), SetState("open"), NOTED)
OPENS: tuple[Effect, ...] = (OpenTicket("Imprimante", MARIE), ENTRY, TO_MARIE, TO_SEB, NOTED)
POLICY = Policy("FRAM", (), "support@fram.example", (Agent("Sébastien", SEB.email),), {}, ())


def said(role: Role = Role.REQUESTER, **more: object) -> Contribution:
    plain = Contribution(MARIE, Standing(role, verified=True, reason=""), "Imprimante", "Non.")
    return replace(plain, **more)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("marie@x.example", "marie+a@x.example", True),
        ("marie+a@x.example", "marie+b+c@x.example", True),
        ("marie@x.example", "marie@y.example", False),
        ("marie@x.example", "paul@x.example", False),
        ("+a@x.example", "+b@x.example", False),
    ],
)
def test_tags_of_an_address_are_folded(one: str, other: str, same: bool) -> None:
    assert (storms.folded(one) == storms.folded(other)) is same


def test_the_answer_to_a_proven_mail_is_counted_apart() -> None:
    own, forged = said(vouched=True), said()
    assert storms.budget(MARIE, own) != storms.budget(MARIE, forged)
    assert storms.budget(SEB, own) == storms.budget(SEB, forged) == storms.budget(SEB, None)


AUTOMATIC = {kind: said(automatic=Verdict(kind, "")) for kind in Kind}
COUNTED = {
    "an answer": (said(), ON_TICKET, TICKET, ["sender", "ticket", "desk"]),
    "a new ticket": (said(), OPENS, None, ["sender", "loop", "desk"]),
    "a machine's": (AUTOMATIC[Kind.GENERATED], ON_TICKET, TICKET, ["sender", "ticket", "desk"]),
    "a bounce": (AUTOMATIC[Kind.BOUNCE], ON_TICKET, TICKET, ["bounces"]),
    "a bounce that nobody is told of": (AUTOMATIC[Kind.BOUNCE], (NOTED,), TICKET, []),
    "nobody is told": (said(), (ENTRY, NOTED), TICKET, []),
    "an agent's": (said(Role.AGENT), ON_TICKET, TICKET, []),
    "an agent's vacation": (
        said(Role.AGENT, automatic=Verdict(Kind.AUTO_REPLY, "")),
        ON_TICKET,
        TICKET,
        ["sender", "ticket", "desk"],
    ),
    "in an agent's name": (said(Role.UNPROVEN), ON_TICKET, TICKET, ["sender", "ticket", "desk"]),
    "no sender": (said(author=None), OPENS, None, ["sender", "loop", "desk"]),
}


@pytest.mark.parametrize(
    ("event", "decided", "ticket", "ceilings"), COUNTED.values(), ids=COUNTED.keys()
)
def test_what_a_mail_counts_as(
    event: Contribution, decided: tuple[Effect, ...], ticket: Ticket | None, ceilings: list[str]
) -> None:
    assert [str(ceiling) for ceiling, _ in storms.keys(ticket, event, decided)] == ceilings


def test_what_comes_by_a_link_counts_for_its_holder_apart() -> None:
    """Whatever author is typed; and the holder's own words stay his own."""
    by_link = Standing(Role.REQUESTER, verified=False, reason="", via=MARIE)
    typed = [Address(f"n{n}@client.example") for n in range(2)]
    one, other = (storms.keys(TICKET, said(author=a, standing=by_link), ON_TICKET) for a in typed)
    own = storms.keys(TICKET, said(), ON_TICKET)
    assert [one for one in set(one) & set(other) if one[0] is Ceiling.SENDER] == [
        (Ceiling.SENDER, f"{MARIE.email} via")
    ]
    assert [what for ceiling, what in own if ceiling is Ceiling.SENDER] == [MARIE.email]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Demande enregistrée (n° 77)", "Demande enregistrée (n° 78)", True),
        ("Re : Ticket [A-1]", "re: ticket [a-22]", True),
        ("Imprimante", "Écran", False),
    ],
)
def test_subjects_that_a_program_counts_up_are_one(one: str, other: str, same: bool) -> None:
    found = [dict(storms.keys(None, said(subject=s), OPENS))[Ceiling.LOOP] for s in (one, other)]
    assert (found[0] == found[1]) is same


def minutes(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def test_an_hour_begins_with_its_first_mail() -> None:
    tally = storms.once_more(None, NOW, 2)
    for moment in (minutes(1), minutes(59), NOW - timedelta(days=1)):
        tally = storms.once_more(tally, moment, 2)
    assert tally == Tally(NOW, 4)
    assert storms.once_more(tally, minutes(60), 2) == Tally(minutes(60), 1)


@pytest.mark.parametrize(
    ("count", "later", "still"),
    [(5, 61, True), (5, 119, True), (5, 120, False), (2, 61, False)],
    ids=["goes on", "just so", "an hour of quiet", "it was below"],
)
def test_a_storm_is_told_of_once_while_it_goes_on(count: int, later: int, still: bool) -> None:
    before = Tally(NOW, count, told=True, ticket=7)
    assert storms.once_more(before, minutes(later), 2) == Tally(minutes(later), 1, still, 7)


def test_beyond_a_ceiling_an_answer_is_kept_and_nobody_told() -> None:
    *left, settled = storms.calmed(ON_TICKET, Ceiling.TICKET, "1898", 100)
    assert left == [ENTRY, SetState("open")]
    assert isinstance(settled, Settle)
    assert settled.outcome is Outcome.NOTED
    assert settled.reason == (
        "cites a reference; over the ceiling: more than 100 mails on #1898 within an hour"
        " ([limits] per_ticket_hour); kept, nobody told"
    )


def test_beyond_a_ceiling_what_would_open_a_ticket_is_held() -> None:
    (settled,) = storms.calmed(OPENS, Ceiling.SENDER, f"{MARIE.email} proven", 200)
    assert settled == Settle(
        Outcome.HELD,
        f"over the ceiling: more than 200 mails of {MARIE.email} within an hour"
        " ([limits] per_sender_hour)",
    )


def test_in_a_loop_the_ticket_opens_and_agents_are_told() -> None:
    left = storms.calmed(OPENS, Ceiling.LOOP, f"{MARIE.email} abc", storms.LOOP)
    assert [type(one) for one in left] == [OpenTicket, AddEntry, Tell, Settle]
    assert TO_SEB in left


@pytest.mark.parametrize("admins", [(), ("root@fram.example", "it@fram.example")])
def test_the_admins_are_told_or_the_agents(admins: tuple[str, ...]) -> None:
    storm = Storm(Ceiling.DESK, "", 10, 1898)
    kept, *mails = storms.notice(POLICY, admins, storm, "Trop.")
    assert isinstance(kept, AddEntry)
    assert (kept.internal, kept.text) == (True, "Trop.")
    assert [m.recipient.email for m in mails if isinstance(m, Tell)] == [*(admins or [SEB.email])]
    assert all(isinstance(m, Tell) and m.notice and not m.bounded for m in mails)


@pytest.mark.parametrize("ceiling", list(Ceiling))
def test_every_ceiling_has_its_sentence(ceiling: Ceiling) -> None:
    assert storms.sentence(ceiling, "x", 3).startswith("more than 3 ")
