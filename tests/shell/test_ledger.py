"""Every outcome of the ledger, first contact, and what `held` and `why` say of them."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.model import Outcome
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, SEB, TestDesk, heads

MAIL = new(MARIE, "Imprimante", "Elle est en panne.", message_id="<a@x>")


def outcome(desk: TestDesk, message_id: str = "a@x") -> list[Outcome]:
    return [line.outcome for line in desk.lines(message_id)]


def test_opened_and_noted(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    to_marie, _ = desk.once()
    desk.deliver(answer(to_marie, MARIE, "Toujours.", Message_ID="<b@x>").replace(b"<m", b"<n"))
    desk.once()
    assert outcome(desk) == [Outcome.OPENED]
    assert desk.folders() == {"INBOX": 0, "Done": 2, "Held": 0}
    assert "opened: " in desk.why("a@x")


def test_duplicate(desk: TestDesk) -> None:
    desk.deliver(MAIL, MAIL)
    assert len(desk.once()) == 2
    desk.deliver(MAIL)
    assert desk.once() == []
    assert outcome(desk) == [Outcome.OPENED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert len(desk.tickets()) == 1
    assert desk.folders()["Done"] == 3


def test_same_headers_and_another_body_is_a_folded_entry(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    desk.once()
    text = "Elle est en panne.\n-- \nListe interne"
    desk.deliver(new(MARIE, "Imprimante", text, message_id="<a@x>"))
    assert desk.once() == []
    assert outcome(desk) == [Outcome.OPENED, Outcome.NOTED]
    folded = desk.history()[-1]
    assert folded.text == ""
    assert "Liste interne" in folded.quoted


def test_same_message_id_and_another_sender_is_a_mail_of_its_own(desk: TestDesk) -> None:
    desk.deliver(MAIL, new("paul@x.example", "Écran", "Noir.", message_id="<a@x>"))
    assert len(desk.once()) == 4
    assert len(desk.tickets()) == 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Auto_Submitted": "auto-replied"}, Outcome.AUTO_REPLY, id="auto-replied"),
        pytest.param({"Return_Path": "<>"}, Outcome.AUTO_REPLY, id="null return path"),
        pytest.param({"X_Failed_Recipients": "x@y.example"}, Outcome.BOUNCE, id="bounce"),
    ],
)
def test_automatic_answers_open_nothing_and_are_not_answered(
    desk: TestDesk, headers: dict[str, str], expected: Outcome
) -> None:
    desk.deliver(new(MARIE, "Imprimante", "Voyez plus bas.", message_id="<a@x>", **headers))
    assert desk.once() == []
    assert outcome(desk) == [expected]
    assert desk.tickets() == []
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 0}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto_Submitted": "auto-generated"}, id="generated"),
        pytest.param({"List_Id": "<news.example>", "Precedence": "bulk"}, id="list"),
    ],
)
def test_machine_mail_opens_a_ticket_for_agents_alone(
    desk: TestDesk, headers: dict[str, str]
) -> None:
    desk.deliver(new(MARIE, "Disque plein", "sda1 98 %", message_id="<a@x>", **headers))
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    assert outcome(desk) == [Outcome.OPENED]


def test_an_absence_on_a_ticket_is_told_to_agents_alone(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    to_marie, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "Quel étage ?"))
    (asked,) = desk.once()
    absence = answer(asked, MARIE, "Je suis absente.", Auto_Submitted="auto-replied")
    desk.deliver(absence)
    mails = desk.once()
    assert [mail.recipients[0] for mail in mails] == [SEB]
    assert desk.history()[-1].kind == "auto-reply"
    assert desk.tickets()[0].state == "open"
    assert to_marie.message["Auto-Submitted"] == "auto-replied"


def test_the_desk_does_not_answer_itself(desk: TestDesk) -> None:
    desk.deliver(new(ADDRESS, "Boucle", "x", message_id="<a@x>"))
    assert desk.once() == []
    assert outcome(desk) == [Outcome.HELD]
    assert desk.folders() == {"INBOX": 0, "Done": 0, "Held": 1}


def test_too_large_is_held_with_its_reason(desk: TestDesk) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + "[limits]\nmessage = 20000\n", "utf-8")
    desk.deliver(new(MARIE, "Gros", "x" * 30_000, message_id="<a@x>"), MAIL.replace(b"a@x", b"b@x"))
    assert len(desk.once()) == 2
    (line,) = desk.held()
    assert "20000 bytes" in line.reason
    assert (line.subject, line.sender, line.whole) == ("Gros", MARIE, False)
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 1}


def test_first_contact_holds_what_is_old_and_answers_what_is_not(desk: TestDesk) -> None:
    old, now = datetime.now(UTC) - timedelta(days=8), datetime.now(UTC)
    desk.dovecot.deliver(desk.user, MAIL, received=old)
    desk.dovecot.deliver(desk.user, MAIL.replace(b"a@x", b"b@x"), received=now - timedelta(days=6))
    assert len(desk.once()) == 2
    (line,) = desk.held()
    assert line.message_id == "a@x"
    assert "first_days" in line.reason
    # Once the desk is open, an old date holds nothing any more.
    desk.dovecot.deliver(desk.user, MAIL.replace(b"a@x", b"c@x"), received=old)
    assert len(desk.once()) == 2
    assert len(desk.held()) == 1


def test_a_new_uidvalidity_is_a_new_contact_and_repeats_nothing(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    desk.once()
    desk.deliver(MAIL)  # not read yet when the server is rebuilt
    desk.dovecot.new_uidvalidity(desk.user)
    desk.deliver(MAIL.replace(b"a@x", b"b@x"))
    assert [recipient for recipient, _ in heads(desk.once())] == [MARIE, SEB]
    assert outcome(desk) == [Outcome.OPENED, Outcome.DUPLICATE]
    assert len(desk.tickets()) == 2


def test_read_mail_is_taken_too(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    with desk.dovecot.client(desk.user) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), [b"\\Seen", b"\\Flagged"])
    assert len(desk.once()) == 2


def test_mail_marked_as_deleted_is_left_alone(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    with desk.dovecot.client(desk.user) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
    assert desk.once() == []
    assert desk.folders()["INBOX"] == 1


def test_a_broken_mail_among_good_ones(desk: TestDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault cannot be made with a mail: none is known that breaks the reader."""
    from mailgate import causes

    honest = causes.contribution

    def breaks(config, mail, *more):  # type: ignore[no-untyped-def]
        if mail.message_id == "bad@x":
            raise RuntimeError("boom")
        return honest(config, mail, *more)

    monkeypatch.setattr(causes, "contribution", breaks)
    good = [MAIL.replace(b"a@x", b"good%d@x" % n) for n in range(5)]
    desk.deliver(*good[:2], MAIL.replace(b"a@x", b"bad@x"), *good[2:])
    assert len(desk.once()) == 10
    assert [line.message_id for line in desk.held()] == ["bad@x"]
    assert "RuntimeError" in desk.held()[0].reason
    assert desk.folders() == {"INBOX": 0, "Done": 5, "Held": 1}


def test_the_ceiling_withholds_and_says_so(desk: TestDesk) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + "[limits]\nper_address_hour = 3\n", "utf-8")
    desk.deliver(*(MAIL.replace(b"a@x", b"n%d@x" % n) for n in range(6)))
    recipients = [mail.recipients[0] for mail in desk.once()]
    assert recipients.count(MARIE) == 3
    assert recipients.count(SEB) == 6 + 1  # of the six tickets, and that a ceiling is reached
    assert len(desk.tickets()) == 6
