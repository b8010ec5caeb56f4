"""`why` finds the mail that is meant, and neither it nor `check` writes what a terminal obeys."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, reference
from tests.process import ROOT, mailgate

CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def why(desk: TestDesk, mail: str) -> str:
    done = mailgate("why", mail, "--config", str(desk.path))
    assert "Traceback" not in done.stderr
    return done.stdout if done.returncode == 0 else f"{done.returncode} {done.stderr}"


def on_a_terminal(*args: str) -> bytes:
    """What a command writes where somebody looks; \\r\\n is the terminal's own."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "mailgate", *args]
    with subprocess.Popen(command, cwd=ROOT, stdout=its, stderr=its, stdin=its) as process:
        os.close(its)
        said = b""
        try:
            while more := os.read(ours, 65_536):
                said += more
        except OSError:  # the other end is closed
            pass
        process.wait(60)
    os.close(ours)
    return said.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("carried", "asked"),
    [
        ("<A.b@X>", "A.b@X"),
        ("<A.b@X>", " < A.b@X > "),
        ("<A.b@X>", "<A.b@\n X>"),
        ("<A.b@X>", "a.B@x"),
        ("<A.b@X>", "Message-ID: <A.b@X>"),
        ("<A.b@X>", "message-id: A.b@X"),
        ("<bl anc@x>", "bl anc@x"),
        ("<foo@x.eml>", "foo@x.eml"),
        ("<sans-arobase>", "sans-arobase"),
        ("<es\x1b[31mc\x07@x>", "es\x1b[31mc\x07@x"),
    ],
)
def test_an_id_is_found_as_people_write_it(desk: TestDesk, carried: str, asked: str) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id=carried))
    desk.once()
    assert "opened: " in why(desk, asked)


@pytest.mark.parametrize("asked", ["", "<>", "  ", "\udcff@x", "nobody@x", "\x1b[2J@x"])
def test_what_nobody_has_seen_is_said_in_a_sentence(desk: TestDesk, asked: str) -> None:
    desk.deliver(b"\x00")
    desk.once()
    assert why(desk, asked).startswith("1 no such mail has been seen: ")


def test_files_as_people_save_them(desk: TestDesk, tmp_path: Path) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + '[limits]\nmessage = "5kB"\n', "utf-8")
    large = new(MARIE, "Gros", "x\n" * 9000, message_id="none")
    desk.deliver(new(MARIE, "Petit", "x", message_id="none"), large)
    desk.once()
    (small,) = [one for one in desk.dovecot.mails(desk.user, "Done") if b"Message-ID" not in one]
    (ours,) = desk.sink.to(SEB)
    renamed = ours.raw.replace(b"Message-ID: <mg-", b"Message-ID: <relay-", 1)
    assert renamed != ours.raw
    for name, data, said in (
        ("as.eml", small, "opened: "),
        ("another name.txt", small, "opened: "),
        ("lines.eml", small.replace(b"\r\n", b"\n"), "opened: "),
        ("large.eml", large, "held: larger than [limits] message"),
        ("large lines.eml", large.replace(b"\r\n", b"\n"), "held: larger than [limits] message"),
        ("ours.eml", ours.raw, "a mail of the desk about #1898"),
        ("a relay's.eml", renamed, "a mail of the desk about #1898"),
        ("empty.eml", b"", "1 no such mail has been seen"),
    ):
        (tmp_path / name).write_bytes(data)
        assert said in why(desk, str(tmp_path / name)), name
    assert f"{tmp_path}: cannot be read: Is a directory" in why(desk, str(tmp_path))


def test_an_answer_that_nobody_has_seen_is_not_the_mail_it_answers(
    desk: TestDesk, tmp_path: Path
) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    _, to_seb = desk.once()
    (tmp_path / "a.eml").write_bytes(answer(to_seb, SEB, "Quel étage ?"))
    assert "no such mail" in why(desk, str(tmp_path / "a.eml"))


def test_a_file_of_100_mb_of_headers(desk: TestDesk, tmp_path: Path) -> None:
    desk.once()
    (tmp_path / "a.eml").write_bytes(b"Received: x\r\n" * 8_000_000)
    began = monotonic()
    assert "no such mail" in why(desk, str(tmp_path / "a.eml"))
    assert monotonic() - began < 20


@pytest.mark.parametrize(
    "damage",
    [
        "update ledger set outcome = 'odd'",
        "update ledger set received_at = 'odd'",
        "update outbox set state = 'odd'",
        "update entry set lookalikes = 'odd'",
    ],
)
def test_a_row_that_cannot_be_read_is_said_in_a_sentence(desk: TestDesk, damage: str) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id="<a@x>"))
    desk.once()
    with sqlite3.connect(desk.folder / "mailgate.db") as database:
        database.execute(damage)
    said = why(desk, "<a@x>")
    assert re.match(r"1 .*mailgate\.db: holds what mailgate did not write: ", said)
    assert said.count("\n") == 1


def test_nothing_that_a_terminal_obeys(desk: TestDesk, tmp_path: Path) -> None:
    odd = "\x1b[31m\x07\x9b2J"
    desk.deliver(new(f'"{odd}" <{MARIE}>', odd, f"Non {odd}", message_id="<a@x>"))
    desk.once()
    with sqlite3.connect(desk.folder / "mailgate.db") as database:
        database.execute("update entry set text = ?", (f"a {odd} \udb40".replace("\udb40", ""),))
    config = ("--config", str(desk.path))
    other = tmp_path / "other.toml"
    other.write_text(desk.path.read_text("utf-8").replace("[imap]", f'["st{odd[1:4]}ore"]\n[imap]'))
    for args in (
        ("why", "<a@x>", *config),
        ("why", f"{odd}@x", *config),
        ("why", f"/nowhere{odd}.eml", *config),
        ("ticket", "show", "1898", *config),
        ("ticket", "show", "1898", "--json", *config),
        ("check", "--offline", "--config", str(tmp_path / f"{odd}.toml")),
        ("check", "--offline", "--config", str(other)),
    ):
        said = on_a_terminal(*args)
        assert said
        assert not CONTROLS.search(said), args
    shown = mailgate("ticket", "show", "1898", "--json", *config).stdout
    assert json.loads(shown)["entries"][0]["text"] == f"a {odd} "


def test_a_terminal_of_another_charset(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Étage Ж", "En panne → ici.", message_id="<é@x>"))
    desk.once()
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for charset in ({"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, plain):
        for args in (("why", "<é@x>"), ("ticket", "show", "1898"), ("ticket", "list")):
            command = [sys.executable, "-m", "mailgate", *args, "--config", str(desk.path)]
            done = subprocess.run(
                command, capture_output=True, env=os.environ | charset, timeout=60
            )
            assert (done.returncode, done.stderr) == (0, b"")


def test_a_mail_that_is_in_hand(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id="<a@x>"))
    desk.once()
    with sqlite3.connect(desk.folder / "mailgate.db") as database:
        database.execute("update ledger set outcome = 'taken', reason = ''")
    assert "taken: not decided yet" in why(desk, "<a@x>")


def test_our_own_mail_by_its_reference_alone(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    assert "a mail of the desk about #1898" in why(desk, reference(desk.once()[0]))
