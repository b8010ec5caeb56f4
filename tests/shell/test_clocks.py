"""Clocks: each fires once and at its hour, and a closing only when it is fair."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mailgate import daemon
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, heads
from tests.servers.smtp_sink import Mail
from tests.servers.waiting import wait_until

HOUR = timedelta(hours=1)


@pytest.fixture
def waiting(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """Sébastien has asked, Marie has 72 h: her mail with the question."""
    desk.deliver(new(MARIE, "Panne", "En panne.", message_id="<first@client.example>"))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    (asked,) = desk.once()
    return desk, asked


def state(desk: TestDesk) -> str:
    return desk.tickets()[0].state


def tags(mails: list[Mail]) -> list[str]:
    return [title.split("]")[2].removeprefix("[") for _, title in heads(mails)]


ANSWERS: list[tuple[str, Callable[[Mail], bytes]]] = [
    ("by mail", lambda asked: answer(asked, MARIE, "Le deuxième.")),
    ("by her thread", lambda _: new(MARIE, "x", "2e.", In_Reply_To="<first@client.example>")),
    ("by the tag, elsewhere", lambda _: new("m@home.example", "Re: [FRAM][#1898] Panne", "Au 2e.")),
]


@pytest.mark.parametrize("mail", [a for _, a in ANSWERS], ids=[name for name, _ in ANSWERS])
def test_an_answer_stops_the_closing(
    waiting: tuple[TestDesk, Mail], mail: Callable[[Mail], bytes]
) -> None:
    desk, asked = waiting
    assert tags(desk.once(48 * HOUR)) == ["Attente réponse"]
    desk.deliver(mail(asked))
    (noted,) = desk.once(71 * HOUR)
    assert noted.recipients == (SEB,)
    assert state(desk) == "open"
    assert desk.once(500 * HOUR) == []


def test_an_answer_before_the_reminder_stops_both(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, "Le deuxième."))
    assert tags(desk.once(47 * HOUR)) == ["Note"]
    assert desk.once(500 * HOUR) == []


def test_an_absence_stops_nothing(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, "Absente.", Auto_Submitted="auto-replied"))
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    assert tags(desk.once(48 * HOUR)) == ["Attente réponse"]
    assert tags(desk.once(72 * HOUR)) == ["Clôturé sans réponse"]


def test_a_held_answer_stops_the_closing_until_it_is_settled(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    desk.once(48 * HOUR)
    text = desk.path.read_text("utf-8")
    desk.path.write_text(text + "[limits]\nmessage = 9000\n", "utf-8")
    desk.deliver(answer(asked, MARIE, "Le plan :\n" + "x" * 9000))
    assert desk.once(73 * HOUR) == []
    (line,) = desk.held()
    assert line.ticket == 1898
    assert state(desk) == "waiting"
    desk.drop(line.id)
    assert tags(desk.once(74 * HOUR)) == ["Clôturé sans réponse"]


def test_an_unread_answer_stops_the_closing(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.once(48 * HOUR)
    desk.deliver(answer(asked, MARIE, "Le deuxième."))
    desk.dovecot.stop()
    assert not daemon.run_once(desk.config, lambda: daemon.wall_clock() + 73 * HOUR)
    assert desk.new_mails() == []
    assert state(desk) == "waiting"
    desk.dovecot.start()
    assert tags(desk.once(74 * HOUR)) == ["Note"]
    assert state(desk) == "open"


def test_a_reminder_needs_no_mailbox(waiting: tuple[TestDesk, Mail]) -> None:
    desk, _ = waiting
    desk.dovecot.stop()
    assert not daemon.run_once(desk.config, lambda: daemon.wall_clock() + 48 * HOUR)
    assert tags(desk.new_mails()) == ["Attente réponse"]


def test_after_a_sleep_of_73_hours_the_closing_keeps_its_distance(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, _ = waiting
    (reminded,) = desk.once(73 * HOUR)
    assert tags([reminded]) == ["Attente réponse"]
    assert state(desk) == "waiting"
    assert desk.once(96 * HOUR) == []
    assert tags(desk.once(97 * HOUR)) == ["Clôturé sans réponse"]


def test_a_closing_waits_for_its_reminder_to_be_accepted(waiting: tuple[TestDesk, Mail]) -> None:
    desk, _ = waiting
    desk.sink.refuse(MARIE, 451)
    assert desk.once(48 * HOUR) == []
    assert desk.once(75 * HOUR) == []
    assert state(desk) == "waiting"
    desk.sink.obey()
    assert tags(desk.once(80 * HOUR)) == ["Attente réponse"]
    assert desk.once(100 * HOUR) == [], "she keeps the day that the reminder promised"
    assert tags(desk.once(104 * HOUR)) == ["Clôturé sans réponse"]


def test_a_reminder_unsent_when_the_state_is_left_is_dropped(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    desk.sink.refuse(MARIE, 451)
    desk.once(48 * HOUR)
    desk.deliver(answer(asked, MARIE, "Le deuxième."))
    assert tags(desk.once(49 * HOUR)) == ["Note"]
    desk.sink.obey()
    assert desk.once(60 * HOUR) == []


def test_asking_again_starts_the_clocks_anew(waiting: tuple[TestDesk, Mail]) -> None:
    desk, _ = waiting
    to_seb = desk.sink.to(SEB)[0]
    desk.deliver(answer(to_seb, SEB, "#attente\nEt quel bureau ?"))
    assert tags(desk.once(40 * HOUR)) == ["Note"]
    assert desk.once(87 * HOUR) == []
    assert tags(desk.once(88 * HOUR)) == ["Attente réponse"]


def test_a_note_of_the_agent_leaves_the_clocks_alone(waiting: tuple[TestDesk, Mail]) -> None:
    desk, _ = waiting
    desk.deliver(answer(desk.sink.to(SEB)[0], SEB, "Au cas où : le poste 12 ?"))
    assert tags(desk.once()) == ["Note/Réponse"]
    assert tags(desk.once(48 * HOUR)) == ["Attente réponse"]


@pytest.mark.parametrize(
    ("eve", "closing"),
    [
        pytest.param(datetime(2027, 3, 26, 12, 0, tzinfo=UTC), "14:00", id="into summer time"),
        pytest.param(datetime(2027, 10, 29, 12, 0, tzinfo=UTC), "13:00", id="out of summer time"),
    ],
)
def test_72_hours_are_72_hours_whatever_the_clocks_on_the_wall_do(
    desk: TestDesk, eve: datetime, closing: str
) -> None:
    desk.deliver(new(MARIE, "Panne", "En panne."))
    _, to_seb = desk.once()
    start = eve - datetime.now(UTC)
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    (asked,) = desk.once(start)
    assert closing in body(asked)
    minute = timedelta(minutes=1)
    assert desk.once(start + 48 * HOUR - minute) == []
    assert tags(desk.once(start + 48 * HOUR)) == ["Attente réponse"]
    assert desk.once(start + 72 * HOUR - minute) == []
    assert tags(desk.once(start + 72 * HOUR)) == ["Clôturé sans réponse"]


def test_the_daemon_fires_by_itself(desk: TestDesk) -> None:
    """Short clocks, a running process, nothing moved."""
    from tests.process import Daemon

    text = desk.path.read_text("utf-8")
    short = """
[states.new]
label = "Nouveau"
[states.open]
label = "En cours"
[states.waiting]
label = "En attente"
keywords = ["attente"]
answer = "open"
timers = [{ after = "2s", notify = "reminder" }, { after = "5s", state = "unanswered" }]
[states.resolved]
label = "Résolu"
answer = "open"
timers = [{ after = "48h", state = "closed" }]
[states.closed]
label = "Clôturé"
final = true
[states.unanswered]
label = "Clôturé sans réponse"
final = true
"""
    desk.path.write_text(text + short, "utf-8")
    desk.deliver(new(MARIE, "Panne", "En panne."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    with Daemon(desk.path):
        wait_until(lambda: len(desk.sink.to(MARIE)) == 4, 60, "question, reminder, closing")
    assert tags(desk.sink.to(MARIE))[1:] == ["Note", "Attente réponse", "Clôturé sans réponse"]
    assert state(desk) == "unanswered"


def test_waiting_without_a_word_still_reminds_and_closes(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Panne", "En panne."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente"))
    assert tags(desk.once()) == ["Note"]
    assert tags(desk.once(48 * HOUR)) == ["Attente réponse"]
    assert tags(desk.once(72 * HOUR)) == ["Clôturé sans réponse"]
