"""`mailgate demo`: its servers, its story, its page, and whom it refuses."""

import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.__main__ import app
from mailgate.cli import demo as command
from mailgate.config import shipped
from mailgate.demo.letters import Draft, from_mailto, mailto_links, reply
from mailgate.demo.people import MARIE, RH, SEBASTIEN
from mailgate.demo.play import DifferenceError, play
from mailgate.demo.show import unwrapped
from mailgate.demo.story import Story
from mailgate.demo.world import NotSentError, World
from tests.demo import DESK, ask, demo
from tests.process import ROOT, mailgate
from tests.servers.waiting import wait_until

HOUR = timedelta(hours=1)


def subjects(world: World, owner: str) -> list[str]:
    return [item.mail.subject for item in world.boxes.received(owner)]


def open_ticket(world: World) -> None:
    world.send(Draft(MARIE.address.email, DESK, "Un écran", "Il est noir."))
    assert world.settle()


def say(world: World, text: str) -> None:
    """Sébastien answers his last mail."""
    world.send(reply(world.boxes.received(SEBASTIEN.address.email)[-1], text))


# -- the story ---------------------------------------------------------------------------------


def test_play_tells_the_seeds_story(story: Story) -> None:
    started = time.monotonic()
    done = mailgate("demo", "--play")
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 20
    lines = done.stdout.splitlines()
    assert [int(n) for n in re.findall(r"(?m)^ ?(\d+)  \S", done.stdout)] == list(range(1, 12))
    told = [
        (line.split()[1], lines[at + 1].strip())
        for at, line in enumerate(lines)
        if line.startswith("    → ")
    ]
    assert told == [mail for row in story.rows for mail in story.expected(row)]
    assert told[0] == (
        "marie.dupont@fram.example",
        "[FRAM][#1898][Nouveau] Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08",
    )


def test_the_story_is_the_seeds_table(story: Story) -> None:
    rows = {row.number: [tag for _, tag in row.mails] for row in story.rows if row.number}
    assert rows == {
        "1": ["Nouveau", "Nouveau"],
        "2": ["Note/Réponse"],
        "3": ["Transfert"],
        "4": ["Note"],
        "5": ["Note", "Note"],
        "6": ["Note/Réponse", "Résolu/Clôturé"],
        "7": ["Réponse", "Réponse"],
        "8": ["Note"],
        "9": ["Attente réponse"],
        "10": ["Clôturé sans réponse"],
        "11": ["Résolu"],
    }


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ('tag = "Transfert"', 'tag = "Question"', "row 3: expected"),
        ('tag = "Attente réponse"', 'tag = "Rappel"', "row 9: expected"),
        ('{ on = "state", state = "closed", to = "requester", tag', "# ", "row 6: no mail"),
        ('after = "48h", notify', 'after = "40h", notify', "row 9: an hour too early"),
    ],
)
def test_play_fails_where_the_table_does_not_hold(
    tmp_path: Path, story: Story, old: str, new: str, row: str
) -> None:
    broken = shipped().replace(old, new)
    assert broken != shipped()
    with demo(tmp_path, broken) as world, pytest.raises(DifferenceError, match=f"^{row}"):
        play(world, story, lambda _: None)


def test_a_difference_is_named(story: Story) -> None:
    row = story.rows[1]
    (right,) = story.expected(row)
    wrong = (RH.address.email, right[1])
    assert story.difference(row, [right], "open") == ""
    assert story.difference(row, [], "open").startswith('no mail "[FRAM][#1898][Note/Réponse] ')
    assert "came" in story.difference(row, [wrong], "open")
    assert story.difference(row, [right, wrong], "open").startswith("one mail too many")
    assert story.difference(row, [right], "new") == "expected the state 'open', it is 'new'"


def test_progress_is_read_off_the_mails(story: Story) -> None:
    mails = [mail for row in story.rows[:3] for mail in story.expected(row)]
    assert [story.done(mails[:count]) for count in range(5)] == [0, 0, 1, 2, 3]


# -- servers that fail on request --------------------------------------------------------------


def test_a_refused_address_is_told_to_the_agent(world: World) -> None:
    open_ticket(world)
    say(world, "#réponse refused@fram.example\nBonjour")
    assert world.settle()
    assert subjects(world, SEBASTIEN.address.email)[-1].startswith("[FRAM][#1898][Anomalie] ")
    assert "550 5.1.1" in world.boxes.received(SEBASTIEN.address.email)[-1].mail.text
    with pytest.raises(NotSentError, match="550"):
        world.send(Draft(MARIE.address.email, "refused@fram.example", "x", "y"))


def test_a_deferred_mail_comes_the_third_time_and_once(world: World) -> None:
    open_ticket(world)
    say(world, "#réponse later@fram.example\nBonjour")
    for tries in range(3):
        assert subjects(world, "later@fram.example") == [], f"after {tries} tries"
        assert world.settle()
        world.advance(HOUR)
    assert len(subjects(world, "later@fram.example")) == 1


def test_a_stalled_mail_waits_until_it_is_released(world: World) -> None:
    open_ticket(world)
    say(world, "#réponse stall@fram.example\nBonjour")
    wait_until(lambda: world.servers.stalled == 1, 10, "a stalled mail")
    assert subjects(world, "stall@fram.example") == []
    world.servers.release()
    assert world.settle()
    assert len(subjects(world, "stall@fram.example")) == 1


def test_the_end_does_not_wait_for_a_server_that_stalls(tmp_path: Path) -> None:
    with demo(tmp_path) as world:
        open_ticket(world)
        say(world, "#réponse stall@fram.example\nBonjour")
        wait_until(lambda: world.servers.stalled == 1, 10, "a stalled mail")
        started = time.monotonic()
    assert time.monotonic() - started < 3


def test_news_of_idle_are_never_lost(world: World) -> None:
    """Mail that arrives at any moment of IDLE is read at once, without a nudge."""
    open_ticket(world)
    for count in range(30):
        world.send(Draft(MARIE.address.email, DESK, f"Demande {count}", "…"))
        wait_until(lambda: world.servers.unread() == 0, 5, "the desk to take the mail")
        time.sleep(count / 1000)


def test_the_clock_goes_forward_only(world: World) -> None:
    before = world.clock.now()
    world.advance(48 * HOUR)
    assert world.clock.now() - before >= 48 * HOUR
    with pytest.raises(ValueError, match="forward"):
        world.advance(-HOUR)


# -- mails as a client writes them -------------------------------------------------------------


def test_an_answer_threads_and_quotes(world: World) -> None:
    open_ticket(world)
    got = world.boxes.received(SEBASTIEN.address.email)[-1]
    sent = world.send(reply(got, "Je regarde."))
    assert sent.mail.subject == f"Re: {got.mail.subject}"
    assert sent.mail.in_reply_to == (got.mail.message_id,)
    assert sent.mail.references[-1] == got.mail.message_id
    assert sent.mail.text.startswith("Je regarde.\n\nLe ")
    assert "> Marie DUPONT a" in sent.mail.text


def test_a_keyword_link_prefills_a_mail(world: World) -> None:
    open_ticket(world)
    got = world.boxes.received(SEBASTIEN.address.email)[-1]
    links = dict(mailto_links(got.mail.html))
    draft = from_mailto(SEBASTIEN.address.email, links["Clôturer"])
    assert (draft.to, draft.subject) == (DESK, f"Re: {got.mail.subject}")
    assert draft.text.startswith("#clôturé\n")
    world.send(draft)
    assert world.settle()
    assert world.tickets()[0].state == "closed"


@pytest.mark.parametrize("to", ["", "nobody", "a@b, c", "a b@c", "x@y\r\nBcc: z@z"])
def test_a_mail_without_an_address_is_not_sent(world: World, to: str) -> None:
    with pytest.raises(NotSentError, match="address"):
        world.send(Draft(MARIE.address.email, to, "x", "y"))


def test_an_address_with_accents_is_written_to(world: World) -> None:
    to = f"Sébastien <sébastien@fram.example>, {DESK}"
    world.send(Draft(MARIE.address.email, to, "Un écran", "Noir."))
    assert world.settle()
    assert subjects(world, "sébastien@fram.example") == ["Un écran"]
    assert len(world.tickets()) == 1


def test_wrapped_lines_are_joined_and_others_are_not() -> None:
    wrapped = "a " * 35 + "a\nlonger words follow\n\nshort\nlines\n  #résolu      Résolu"
    assert unwrapped(wrapped) == (
        "a " * 35 + "a longer words follow\n\nshort\nlines\n  #résolu\u2003Résolu"
    )


# -- the command -------------------------------------------------------------------------------


def start(*args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mailgate", "demo", "--no-browser", "--port", "0", *args]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with start("--data", str(tmp_path)) as process:
        assert process.stdout
        address = process.stdout.readline().split()[0]
        ask(
            address, "/send", {"from": MARIE.address.email, "to": DESK, "subject": "x", "text": "y"}
        )
        started = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
        assert time.monotonic() - started < 3


def test_a_folder_keeps_boxes_tickets_and_clock(tmp_path: Path) -> None:
    with demo(tmp_path) as world:
        open_ticket(world)
        world.advance(100 * HOUR)
        then = world.clock.now()
    with demo(tmp_path) as world:
        assert subjects(world, MARIE.address.email) == ["[FRAM][#1898][Nouveau] Un écran"]
        assert world.clock.now() >= then
        say(world, "Je regarde.")
        assert world.settle()
        assert len(subjects(world, MARIE.address.email)) == 2
    assert mailgate("ticket", "list", "--config", str(tmp_path / "config.toml")).returncode == 0
    again = mailgate("demo", "--play", "--data", str(tmp_path))
    assert (again.returncode, again.stdout) == (2, "")


def test_a_real_desk_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "config.toml"
    real.write_text(shipped().replace("support@fram.example", "help@real.example"), "utf-8")
    for args in (("--config", str(real)), ("--data", str(tmp_path))):
        done = mailgate("demo", "--play", *args)
        assert done.returncode == 2
        assert done.stderr.startswith(f"{real}: is the configuration of a real desk;")
        assert len(done.stderr.splitlines()) == 1
    real.unlink()
    (tmp_path / "mailgate.db").write_bytes(b"")
    assert mailgate("demo", "--play", "--data", str(tmp_path)).returncode == 2


def test_a_folder_outlives_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    with demo(tmp_path) as world:
        open_ticket(world)
    written = tmp_path / "demo.jsonl"
    written.write_bytes(written.read_bytes()[:-9])
    for mails in (2, 5):  # one of the three that an opening makes was not written whole
        with demo(tmp_path) as world:
            assert len(world.boxes.all()) == mails
            open_ticket(world)


@pytest.mark.parametrize(
    "args",
    [("--config", "."), ("--data", "taken"), ("--data", "taken/below"), ("--data", "odd")],
)
def test_what_cannot_be_used_is_named_in_one_sentence(tmp_path: Path, args: list[str]) -> None:
    (tmp_path / "taken").write_bytes(b"")
    (tmp_path / "odd" / "demo.jsonl").mkdir(parents=True)
    done = mailgate("demo", "--no-browser", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{args[1]}: cannot be ")
    assert len(done.stderr.splitlines()) == 1


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "pymap" else name)
    done = CliRunner().invoke(app, ["demo"])
    assert done.exit_code == 1
    assert "the demo needs pymap: run `make setup`" in done.output
