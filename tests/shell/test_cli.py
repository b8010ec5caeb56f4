"""The contract of the command line: exit codes, JSON, and one clear sentence on stderr."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, SEB, TestDesk, reference
from tests.process import ROOT, Daemon, mailgate
from tests.servers.waiting import wait_until

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def call(desk: TestDesk, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return mailgate(*args, "--config", str(desk.path), **environ)


@pytest.fixture
def told(desk: TestDesk) -> TestDesk:
    """A desk with one ticket, answered once by its agent."""
    request = new(MARIE, "Imprimante", "Elle est en panne.", message_id="<a@x>")
    desk.deliver(request)
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "Quel étage ?", Message_ID2="x"))
    desk.once()
    return desk


def test_ticket_list_json(told: TestDesk) -> None:
    done = call(told, "ticket", "list", "--json")
    assert done.returncode == 0
    (ticket,) = json.loads(done.stdout)
    assert ISO.fullmatch(ticket.pop("opened"))
    assert ISO.fullmatch(ticket.pop("changed"))
    assert ticket == {
        "number": 1898,
        "subject": "Imprimante",
        "state": "open",
        "requester": MARIE,
        "owner": SEB,
    }


def test_ticket_show_json(told: TestDesk) -> None:
    shown = json.loads(call(told, "ticket", "show", "1898", "--json").stdout)
    entries = shown.pop("entries")
    assert shown["number"] == 1898
    assert [entry["kind"] for entry in entries] == ["opening", "note", "state"]
    assert all(ISO.fullmatch(entry.pop("at")) for entry in entries)
    assert entries[0] == {
        "kind": "opening",
        "author": MARIE,
        "via": None,
        "text": "Elle est en panne.",
        "internal": False,
        "verified": True,
        "attachments": [],
    }


def test_tables_for_people(told: TestDesk) -> None:
    assert "#1898" in call(told, "ticket", "list").stdout
    shown = call(told, "ticket", "show", "1898").stdout
    assert "Quel étage ?" in shown
    assert "En cours" in shown


def test_nobody_is_taken_for_the_desk(desk: TestDesk) -> None:
    desk.deliver(new("", "Badge", "Perdu."))
    desk.once()
    assert "opening  an unknown sender" in call(desk, "ticket", "show", "1898").stdout


def test_nothing_that_a_terminal_obeys_is_printed(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "x\x1b]0;pwned\x07y", "\x1b[2J Bonjour \x9b31m"))
    desk.once()
    for command in (["ticket", "list"], ["ticket", "show", "1898"]):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", call(desk, *command).stdout)


def test_why_by_message_id_by_file_and_for_our_own_mail(told: TestDesk, tmp_path: Path) -> None:
    by_id = call(told, "why", "<a@x>")
    assert by_id.returncode == 0
    for words in ("opened", "#1898", MARIE, SEB, "config.toml (shipped):", "was sent"):
        assert words in by_id.stdout
    file = tmp_path / "a.eml"
    file.write_bytes(new(MARIE, "Imprimante", "autres octets", message_id="<a@x>"))
    assert call(told, "why", str(file)).stdout == by_id.stdout
    ours = call(told, "why", f"<{reference(told.sink.mails[0])}@fram.example>")
    assert "a mail of the desk about #1898" in ours.stdout


def test_held_list_show_retry_drop(desk: TestDesk) -> None:
    desk.deliver(new(ADDRESS, "Boucle", "un", message_id="<one@x>"))
    desk.deliver(new(ADDRESS, "Boucle", "deux", message_id="<two@x>"))
    desk.once()
    (one, two) = json.loads(call(desk, "held", "list", "--json").stdout)
    assert one["reason"] in call(desk, "held", "list").stdout
    assert "Message-ID: <one@x>" in call(desk, "held", "show", str(one["line"])).stdout

    again = call(desk, "held", "retry", str(one["line"]))
    assert again.returncode == 1
    assert "still held" in again.stderr

    assert call(desk, "held", "drop", str(two["line"])).returncode == 0
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 1}
    assert "not held" in call(desk, "held", "drop", str(two["line"])).stderr


def test_a_retried_mail_goes_from_held_to_done(desk: TestDesk) -> None:
    from datetime import UTC, datetime, timedelta

    old = datetime.now(UTC) - timedelta(days=30)
    desk.dovecot.deliver(desk.user, new(MARIE, "Ancien", "x", message_id="<a@x>"), received=old)
    desk.once()
    (line,) = desk.held()
    done = call(desk, "held", "retry", str(line.id))
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 0}
    assert [mail.recipients[0] for mail in desk.once()] == [MARIE, SEB]


def test_a_retry_without_the_server_is_moved_later(desk: TestDesk) -> None:
    from datetime import UTC, datetime, timedelta

    old = datetime.now(UTC) - timedelta(days=30)
    desk.dovecot.deliver(desk.user, new(MARIE, "Ancien", "x", message_id="<a@x>"), received=old)
    desk.once()
    desk.dovecot.stop()
    done = call(desk, "held", "retry", str(desk.held()[0].id))
    assert done.returncode == 0
    assert "stays in Held" in done.stderr
    desk.dovecot.start()
    desk.once()
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 0}


def test_run_once_in_a_process(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    assert call(desk, "run", "--once").returncode == 0
    assert len(desk.sink.mails) == 2


def test_run_once_fails_when_the_mailbox_does(desk: TestDesk) -> None:
    desk.dovecot.stop()
    done = call(desk, "run", "--once")
    assert done.returncode == 1
    assert "IMAP" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_daemon_on_the_same_database_is_refused(desk: TestDesk) -> None:
    with Daemon(desk.path) as running:
        wait_until(lambda: "is open" in running.log.read_text(), what="the desk open")
        done = call(desk, "run", "--once")
    assert done.returncode == 1
    assert "another mailgate is running" in done.stderr


# The moment cannot be hit from outside: a signal while the event's own lock is held.
INTERRUPTED = """
import signal
from threading import Event
from mailgate.signals import stopped_by_signals
stop = Event()
with stopped_by_signals(stop):
    with stop._cond:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    print(stop.wait(10))
"""


def test_signals_that_interrupt_each_other_end_it_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "True\n"


def test_check(desk: TestDesk) -> None:
    done = call(desk, "check", "--wait", "0")
    assert done.returncode == 0, done.stderr
    assert "login works" in done.stdout
    assert "trust" in done.stderr
    assert desk.folders() == {"INBOX": 0, "Done": 0, "Held": 0}
    with desk.dovecot.client(desk.user) as client:
        assert not client.folder_exists("Done"), "check changes nothing"


def test_check_counts_what_first_contact_will_hold(desk: TestDesk) -> None:
    from datetime import UTC, datetime, timedelta

    old = datetime.now(UTC) - timedelta(days=8)
    desk.dovecot.deliver(desk.user, new(MARIE, "Ancien", "x"), received=old)
    desk.deliver(new(MARIE, "Neuf", "x"))
    assert "1 of them are older" in call(desk, "check", "--wait", "0").stdout


def test_check_names_what_fails(desk: TestDesk) -> None:
    desk.dovecot.stop()
    desk.sink.stop()
    done = call(desk, "check")
    assert done.returncode == 1
    assert "config.toml: imap: " in done.stderr
    assert "config.toml: smtp: " in done.stderr
    assert call(desk, "check", "--offline").returncode == 0


def test_check_tells_what_is_no_smtp_server_and_where_nobody_logs_in(desk: TestDesk) -> None:
    imap = call(desk, "check", "--wait", "0", MAILGATE_SMTP__PORT=str(desk.dovecot.port))
    assert "does not speak SMTP; are [smtp] host and port right?" in imap.stderr
    user = {"MAILGATE_SMTP__USER": "u", "MAILGATE_SMTP__PASSWORD": "p"}
    assert "offers no login; " in call(desk, "check", "--wait", "0", **user).stderr


def test_check_warns_of_french_tags_on_an_english_desk(desk: TestDesk) -> None:
    said = "the tags of subjects and the keywords of states stay French"
    assert said not in call(desk, "check", "--offline").stderr
    english = call(desk, "check", "--offline", MAILGATE_DESK__LANGUAGE="en")
    assert (english.returncode, said in english.stderr) == (0, True)


def test_check_names_a_broken_template(desk: TestDesk) -> None:
    folder = desk.folder / "own" / "mail" / "fr"
    folder.mkdir(parents=True)
    (folder / "opened.j2").write_text("{% if %}", "utf-8")
    text = desk.path.read_text("utf-8").replace("[desk]", '[desk]\ntemplates = "own"')
    desk.path.write_text(text, "utf-8")
    done = call(desk, "check", "--offline")
    assert done.returncode == 2
    assert "opened.j2" in done.stderr


BAD_USAGE = [
    pytest.param(["ticket", "list", "--config", "missing.toml"], "no such file", id="no config"),
    pytest.param(["ticket", "show", "x"], "no ticket number", id="not a number"),
    pytest.param(["fly"], "fly", id="unknown command"),
]


@pytest.mark.parametrize(("args", "words"), BAD_USAGE)
def test_bad_usage_is_2(tmp_path: Path, args: list[str], words: str) -> None:
    done = mailgate(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_configuration_is_2_and_names_file_line_and_key(desk: TestDesk) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + "[smpt]\nhost = 1\n", "utf-8")
    done = call(desk, "run", "--once")
    assert done.returncode == 2
    assert re.search(r"config.toml:\d+: smpt", done.stderr)


def test_failures_are_1_and_one_sentence(desk: TestDesk) -> None:
    empty = call(desk, "ticket", "list")
    assert (empty.returncode, empty.stderr.count("\n")) == (1, 1)
    assert "no database yet" in empty.stderr
    assert not (desk.folder / "mailgate.db").exists()
    desk.once()
    missing = call(desk, "ticket", "show", "7")
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert call(desk, "why", "<nobody@x>").returncode == 1
    assert call(desk, "held", "retry", "7").returncode == 1


def test_a_database_of_a_newer_version_is_refused(desk: TestDesk) -> None:
    desk.once()
    with sqlite3.connect(desk.folder / "mailgate.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    for command in (["run", "--once"], ["ticket", "list"]):
        done = call(desk, *command)
        assert done.returncode == 1
        assert "version" in done.stderr or "schema 9999" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_that_is_no_database_is_refused(desk: TestDesk) -> None:
    (desk.folder / "mailgate.db").write_bytes(b"Bonjour, je suis un fichier.\n" * 100)
    done = call(desk, "run", "--once")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_database_is_its_owners_alone(desk: TestDesk) -> None:
    desk.once()
    assert (desk.folder / "mailgate.db").stat().st_mode & 0o077 == 0


def test_no_secret_and_no_words_in_the_log(desk: TestDesk) -> None:
    desk.sink.refuse(MARIE, 550)
    desk.deliver(new(MARIE, "Sujet confidentiel", "Texte confidentiel"))
    done = call(desk, "run", "--once")
    assert "550" in done.stderr
    assert "confidentiel" not in done.stderr
    assert "secret" not in done.stderr
    assert reference(desk.sink.mails[0]) not in done.stderr


def test_help_is_quick_and_imports_late() -> None:
    import sys

    code = (
        "import sys; sys.argv = ['mailgate', '--help']\n"
        "from mailgate.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'jinja2', 'imapclient', 'mailparser', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ticket" in done.stdout
