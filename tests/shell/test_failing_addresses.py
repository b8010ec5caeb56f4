"""Bounces: the address is marked, its owner told once, and timers do not wait for nobody."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from mailgate import views
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, SEB, TestDesk, body, heads, reference, subject
from tests.servers.smtp_sink import Mail

HOUR = timedelta(hours=1)
Bounce = Callable[[Mail], bytes]


def dsn(mail: Mail, recipient: str = "", action: str = "failed", serial: int = 0) -> bytes:
    """A report in the form of RFC 3464, which returns the headers of our mail."""
    head, _, _ = mail.raw.partition(b"\r\n\r\n")
    return (
        f"""Return-Path: <>
From: MAILER-DAEMON@mx.x.example
To: {ADDRESS}
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-{serial}-{reference(mail)}@mx.x.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.x.example

Final-Recipient: rfc822; {recipient or mail.recipients[0]}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user here
--b
Content-Type: text/rfc822-headers

""".replace("\n", "\r\n").encode()
        + head
        + b"\r\n\r\n--b--\r\n"
    )


def qmail(mail: Mail) -> bytes:
    """Words and a copy of our mail, as qmail and its heirs write them."""
    text = (
        "Hi. This is the qmail-send program at mx.x.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        f"<{mail.recipients[0]}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n" + mail.raw.decode("ascii")
    )
    return new("MAILER-DAEMON@mx.x.example", "failure notice", text, Return_Path="<>")


def gateway(mail: Mail) -> bytes:
    """A gateway that writes as somebody, without one automatic header."""
    text = (
        f"Your message could not be delivered to the following recipient:\n{mail.recipients[0]}\n"
        f"\nMessage-ID: {mail.message['Message-ID']}\n"
    )
    return new("gate@x.example", "Mail delivery failure", text)


def threaded(mail: Mail) -> bytes:
    """Nothing of ours but the id that it answers."""
    words = "Votre message n'a pas pu être remis : boîte pleine."
    reply = str(mail.message["Message-ID"])
    return new("postmaster@x.example", "Non remis : Panne", words, In_Reply_To=reply)


def rejected(mail: Mail) -> bytes:
    """A mailbox's own program that refuses by a receipt (RFC 8098)."""
    return (
        dsn(mail)
        .replace(b"report-type=delivery-status", b"report-type=disposition-notification")
        .replace(b"message/delivery-status", b"message/disposition-notification")
        .replace(
            b"Action: failed", b"Disposition: automatic-action/MDN-sent-automatically; deleted"
        )
        .replace(b"MAILER-DAEMON", b"sieve")
    )


KINDS = [dsn, qmail, gateway, threaded, rejected]


@pytest.fixture
def waiting(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """Sébastien has asked, Marie has 72 h: her mail with the question."""
    desk.deliver(new(MARIE, "Panne", "En panne.", message_id="<first@client.example>"))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    (asked,) = desk.once()
    return desk, asked


def shown(desk: TestDesk) -> str:
    """The ticket as `mailgate ticket show` prints it."""
    config = desk.config
    return views.ticket_text(desk.ticket(), desk.history(), config.policy, "Europe/Paris")


def tags(mails: list[Mail]) -> list[tuple[str, str]]:
    return [(who, title.split("]")[2].removeprefix("[")) for who, title in heads(mails)]


def facts(mail: Mail) -> str:
    """A mail's text with plain blanks."""
    return " ".join(body(mail).split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_bounce_marks_the_address_and_tells_the_owner_once(
    waiting: tuple[TestDesk, Mail], kind: Bounce
) -> None:
    desk, asked = waiting
    desk.deliver(kind(asked))
    (told,) = desk.once()
    assert tags([told]) == [(SEB, "Anomalie")]
    assert f"Adresse en échec : Marie DUPONT <{MARIE}>" in facts(told)
    assert "(délai suspendu)" in facts(told)
    assert desk.history()[-1].kind == "bounce"
    (known,) = desk.ticket().reach
    assert (known.person.email, known.failing_since is not None) == (MARIE, True)
    assert f"{MARIE} fails since" in shown(desk)
    desk.deliver(kind(asked).replace(b"Message-ID: <", b"Message-ID: <again-", 1))
    assert desk.once() == [], "the owner knows"


@pytest.mark.parametrize("kind", KINDS)
def test_why_names_the_address_that_fails(waiting: tuple[TestDesk, Mail], kind: Bounce) -> None:
    desk, asked = waiting
    desk.deliver(kind(asked).replace(b"Message-ID: <", b"Message-ID: <told@x>\r\nX-Old: <", 1))
    desk.once()
    assert "bounce: " in desk.why("told@x")
    assert f"{MARIE} fails, timers that wait for it pause" in desk.why("told@x")


def test_timers_wait_while_the_requesters_address_fails(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked))
    desk.once()
    for hours in (49, 73, 500):
        assert desk.once(ahead=hours * HOUR) == []
    assert desk.ticket().state == "waiting"
    assert "its timers wait" in shown(desk)


def test_an_agent_who_acts_lets_them_go_on_where_they_stopped(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked))
    (told,) = desk.once(ahead=40 * HOUR)
    desk.deliver(answer(told, SEB, "#note\nJe vous ai eue au téléphone."))
    assert tags(desk.once(ahead=140 * HOUR)) == [(MARIE, "Note/Réponse")]
    assert desk.ticket().state == "waiting"
    assert "its timers wait" not in shown(desk)
    assert desk.once(ahead=147 * HOUR) == []
    assert tags(desk.once(ahead=149 * HOUR)) == [(MARIE, "Attente réponse")]
    assert tags(desk.once(ahead=173 * HOUR)) == [(MARIE, "Clôturé sans réponse")]


def test_an_internal_note_is_no_act(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked))
    (told,) = desk.once()
    desk.deliver(answer(told, SEB, "#interne\nBizarre."))
    desk.once()
    assert "its timers wait" in shown(desk)


def test_what_fails_again_after_an_act_pauses_again_and_is_not_told_again(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked))
    (told,) = desk.once()
    desk.deliver(answer(told, SEB, "#attente\nEt maintenant ?"))
    (again,) = desk.once()
    assert again.recipients == (MARIE,)
    desk.deliver(dsn(again))
    assert desk.once() == []
    assert desk.once(ahead=100 * HOUR) == []
    assert desk.ticket().state == "waiting"


def test_a_requester_who_writes_can_be_written_to(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked))
    desk.once()
    desk.deliver(answer(asked, MARIE, "Le deuxième."))
    (told,) = desk.once()
    assert (told.recipients, desk.ticket().state) == ((SEB,), "open")
    assert desk.ticket().reach == ()
    assert "Adresse en échec" not in facts(told)


def test_the_tag_alone_lifts_no_mark(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked), new(MARIE, subject(asked), "Oui.", Message_Id="<x@evil.example>"))
    desk.deliver(new("eve@evil.example", subject(asked), "Oui."))
    desk.once()
    assert [one.person.email for one in desk.ticket().reach] in ([], [MARIE])


def test_a_refusal_over_smtp_marks_the_address_too(desk: TestDesk) -> None:
    desk.sink.refuse(MARIE, 550)
    desk.deliver(new(MARIE, "Panne", "En panne."))
    told = desk.once()
    assert tags(told) == [(SEB, "Nouveau"), (SEB, "Anomalie")]
    assert "550" in shown(desk)
    desk.deliver(answer(told[0], SEB, "#attente\nQuel étage ?"))
    assert desk.once() == [], "refused again, and the owner knows"
    assert desk.once(ahead=100 * HOUR) == []
    assert desk.ticket().state == "waiting"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_delays_and_deliveries_are_no_failures(waiting: tuple[TestDesk, Mail], action: str) -> None:
    desk, asked = waiting
    desk.deliver(dsn(asked, action=action).replace(b"Undelivered", b"Status of"))
    assert desk.once() == []
    assert (desk.ticket().reach, desk.history()[-1].kind) == ((), "bounce")
    assert tags(desk.once(ahead=49 * HOUR)) == [(MARIE, "Attente réponse")]


def test_a_delay_in_words_is_no_failure(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    text = f"This is a warning message only.\nDelivery to {MARIE} has been delayed.\n"
    text += f"It will be retried.\n\n{asked.message['Message-ID']}"
    desk.deliver(new("MAILER-DAEMON@x.example", "Delivery delayed", text, message_id="<w@x>"))
    assert desk.once() == []
    assert desk.ticket().reach == ()
    assert "a delay or a delivery" in desk.why("w@x")


def test_a_storm_of_bounces_sends_nothing_more(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    tag = f"Undeliverable: {subject(asked)}"
    desk.deliver(*(dsn(asked, serial=n) for n in range(50)))
    desk.deliver(
        *(new("postmaster@x.example", tag, f"No. {n}", Return_Path="<>") for n in range(50))
    )
    mails = desk.once()
    assert tags(mails) == [(SEB, "Anomalie"), (SEB, "Anomalie")], "of the address, of the tag"
    assert len([entry for entry in desk.history() if entry.kind == "bounce"]) == 100
    assert desk.held() == []


def test_a_bounce_known_by_the_tag_alone_marks_nobody_and_is_told_once(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    title = f"Undeliverable: {subject(asked)}"
    for n in range(3):
        words = f"<{MARIE}>: user unknown"
        desk.deliver(
            new("MAILER-DAEMON@x.example", title, words, Return_Path="<>", message_id=f"<{n}@x>")
        )
    (told,) = desk.once()
    assert tags([told]) == [(SEB, "Anomalie")]
    assert "non-remise" in body(told)
    assert desk.ticket().reach == ()
    assert "no mail of ours that is known: the agent is told" in desk.why("0@x")
    assert "no mail of ours that is known: kept, nobody told" in desk.why("2@x")
    assert tags(desk.once(ahead=49 * HOUR)) == [(MARIE, "Attente réponse")], "the clock runs"


FORGED = [
    pytest.param(lambda mail: dsn(mail, recipient="rh@elsewhere.example"), id="names a stranger"),
    pytest.param(
        lambda mail: re.sub(rb"mg-[a-z2-7]{26}", b"mg-" + b"a" * 26, dsn(mail)),
        id="an invented reference",
    ),
]


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_bounce_marks_nobody(waiting: tuple[TestDesk, Mail], forge: Bounce) -> None:
    desk, asked = waiting
    desk.deliver(forge(asked).replace(b"Undelivered Mail", subject(asked).encode("ascii"), 1))
    desk.once()
    assert desk.ticket().reach == ()
    assert tags(desk.once(ahead=49 * HOUR)) == [(MARIE, "Attente réponse")]


def test_an_agents_failing_address_is_told_to_the_others(desk: TestDesk) -> None:
    nadia = f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n'
    desk.path.write_text(desk.path.read_text("utf-8") + nadia, "utf-8")
    desk.deliver(new(MARIE, "Panne", "En panne."))
    (to_seb,) = [mail for mail in desk.once() if mail.recipients == (SEB,)]
    desk.deliver(dsn(to_seb))
    assert tags(desk.once()) == [(NADIA, "Anomalie")]
    assert [one.person.email for one in desk.ticket().reach] == [SEB]


def test_a_person_who_tells_of_a_failure_is_answered(desk: TestDesk) -> None:
    words = "Bonjour,\nmon mail n'a pas pu être remis à jean@x.example, que faire ?"
    desk.deliver(new(MARIE, "Échec de la remise d'un mail", words))
    assert tags(desk.once()) == [(MARIE, "Nouveau"), (SEB, "Nouveau")]


def test_a_failure_without_a_ticket_and_without_a_header_opens_one(desk: TestDesk) -> None:
    words = "Your message could not be delivered to the following recipient: jean@x.example"
    desk.deliver(new("gate@x.example", "Undeliverable mail", words, message_id="<g@x>"))
    assert tags(desk.once()) == [(SEB, "Nouveau")]
    assert "opened: Text: could not be delivered" in desk.why("g@x")
