"""Machines that answer the desk's mails: each round ends, and what fails is not written to."""

from collections.abc import Callable

import pytest

from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, SEB, TestDesk, body, heads, reference, subject
from tests.servers.smtp_sink import Mail

COLLEAGUE = f"""
[[agents]]
name = "Nadia"
address = "{NADIA}"
"""
Machine = Callable[[Mail], bytes]


def words(mail: Mail) -> bytes:
    """The bounce of an old mail server: words, and which mail it answers."""
    return new(
        "MAILER-DAEMON@mx.x.example",
        "Undelivered Mail Returned to Sender",
        f"<{mail.recipients[0]}>: unknown user",
        In_Reply_To=str(mail.message["Message-ID"]),
        Return_Path="<>",
    )


def report(mail: Mail) -> bytes:
    """A delivery status notification (RFC 3464); nothing but the returned part names the mail."""
    return (
        f"""Return-Path: <>
From: MAILER-DAEMON@mx.x.example
To: {ADDRESS}
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-{reference(mail)}@mx.x.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.x.example

Final-Recipient: rfc822; {mail.recipients[0]}
Action: failed
Status: 5.1.1
--b
Content-Type: message/rfc822

""".replace("\n", "\r\n").encode()
        + mail.raw
        + b"\r\n--b--\r\n"
    )


def tag_only(mail: Mail) -> bytes:
    """A bounce of which nothing is left but our subject."""
    title = f"Undeliverable: {subject(mail)}"
    return new("postmaster@mx.x.example", title, "Sorry.", Return_Path="<>")


def away(mail: Mail) -> bytes:
    """A vacation program that answers everything, Auto-Submitted too (RFC 3834 forbids it)."""
    return answer(mail, mail.recipients[0], "Je suis absent.", Auto_Submitted="auto-replied")


ANOMALY = (SEB, "[FRAM][#1898][Anomalie] Imprimante")
MACHINES = [words, report, tag_only, away]


def opened(desk: TestDesk, *, colleague: bool) -> list[Mail]:
    if colleague:
        desk.path.write_text(desk.path.read_text("utf-8") + COLLEAGUE, "utf-8")
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id="<first@client.example>"))
    return desk.once()


def rounds(desk: TestDesk, mails: list[Mail], machines: dict[str, Machine]) -> list[list[Mail]]:
    """What the desk sends, round by round, while a machine answers at these addresses."""
    found = []
    for _ in range(6):
        answers = [machines[m.recipients[0]](m) for m in mails if m.recipients[0] in machines]
        if not answers:
            return found
        desk.deliver(*answers)
        mails = desk.once()
        found.append(mails)
        assert desk.held() == []
    raise AssertionError(f"it goes on: {[heads(one) for one in found]}")


@pytest.mark.parametrize("machine", MACHINES)
def test_at_the_only_agent(desk: TestDesk, machine: Machine) -> None:
    sent = rounds(desk, opened(desk, colleague=False), {SEB: machine})
    # Of a bounce that names no mail, nobody knows who must not be told: it is told of once.
    assert [heads(one) for one in sent if one] == ([[ANOMALY]] if machine is tag_only else [])
    assert len(desk.history()) == 1 + len(sent), "it stands on the ticket"


@pytest.mark.parametrize("machine", MACHINES)
def test_at_one_of_two_agents(desk: TestDesk, machine: Machine) -> None:
    sent = rounds(desk, opened(desk, colleague=True), {SEB: machine})
    # That an agent is away is no news for the ticket.
    told = {words: [(NADIA,)], report: [(NADIA,)], tag_only: [(SEB,), (NADIA,)], away: []}
    assert [m.recipients for m in sent[0]] == told[machine]
    assert all(m.message["Auto-Submitted"] for m in sent[0])
    assert not any(sent[1:])


@pytest.mark.parametrize("owner", [SEB, NADIA])
@pytest.mark.parametrize("machine", [words, report])
def test_at_the_owner_or_beside_him(desk: TestDesk, machine: Machine, owner: str) -> None:
    mails = opened(desk, colleague=True)
    (to_owner,) = [m for m in mails if m.recipients == (owner,)]
    desk.deliver(answer(to_owner, owner, "Je regarde."))
    (to_marie,) = desk.once()
    desk.deliver(answer(to_marie, MARIE, "Merci."))
    sent = desk.once()
    assert [m.recipients for m in sent] == [(owner,)]
    (told,) = rounds(desk, sent, {owner: machine})
    assert owner not in [m.recipients[0] for m in told]
    assert len(told) <= 1


@pytest.mark.parametrize("second", MACHINES)
@pytest.mark.parametrize("first", MACHINES)
def test_at_both_agents(desk: TestDesk, first: Machine, second: Machine) -> None:
    sent = rounds(desk, opened(desk, colleague=True), {SEB: first, NADIA: second})
    # Each of the two openings came back: each is told to the other one once, one that names
    # no mail to both, and no more.
    assert len(sent[0]) <= (3 if tag_only in (first, second) else 2)
    assert not any(sent[1:])


@pytest.mark.parametrize("machine", MACHINES)
def test_at_the_requester(desk: TestDesk, machine: Machine) -> None:
    (sent,) = rounds(desk, opened(desk, colleague=False), {MARIE: machine})
    assert [m.recipients for m in sent] == [(SEB,)]
    assert all(m.message["Auto-Submitted"] for m in sent)
    assert desk.tickets()[0].state == "new"


@pytest.mark.parametrize("machine", MACHINES)
def test_at_everybody(desk: TestDesk, machine: Machine) -> None:
    machines = dict.fromkeys((MARIE, SEB, NADIA), machine)
    sent = rounds(desk, opened(desk, colleague=True), machines)
    assert sum(map(len, sent)) <= 4
    assert not any(m.recipients == (MARIE,) for one in sent for m in one)


@pytest.mark.parametrize("machine", MACHINES)
def test_at_an_agent_who_is_the_requester(desk: TestDesk, machine: Machine) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + COLLEAGUE, "utf-8")
    desk.deliver(new(SEB, "Mon PC", "Il ne démarre plus."))
    sent = rounds(desk, desk.once(), {SEB: machine})
    mails = [m.recipients for one in sent for m in one]
    assert mails.count((SEB,)) == (machine is tag_only)
    assert len(mails) <= 1 + (machine is tag_only)


def test_both_agents_refused_over_smtp_while_one_answers_by_a_machine(desk: TestDesk) -> None:
    desk.sink.refuse(SEB, 550)
    sent = opened(desk, colleague=True)
    assert [title for who, title in heads(sent) if who == NADIA] == [
        "[FRAM][#1898][Nouveau] Imprimante",
        "[FRAM][#1898][Anomalie] Imprimante",
    ]
    tries = desk.sink.tries[SEB]
    assert rounds(desk, sent, {NADIA: away}) == [[]]
    assert desk.sink.tries[SEB] == tries, "the address that fails is not tried again"


def test_a_machines_opening_goes_to_agents_marked_as_automatic(desk: TestDesk) -> None:
    desk.deliver(new("nagios@x.example", "Disque", "Plein.", Auto_Submitted="auto-generated"))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    assert told.message["Auto-Submitted"] == "auto-generated"
    assert "Plein." in body(told)


def test_relayed_words_of_a_person_are_not_marked(desk: TestDesk) -> None:
    to_marie, to_seb = opened(desk, colleague=False)
    assert to_marie.message["Auto-Submitted"], "an acknowledgement is the desk's own"
    assert to_seb.message["Auto-Submitted"] is None
