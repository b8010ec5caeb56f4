"""A mail of a megabyte is decided, and its mails are written, in seconds: (B) holds the lock."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from mailgate import daemon, intake, reading
from mailgate.config import load, shipped
from mailgate.desk import Desk
from mailgate.reading import Wanted
from rules.model import Copy, Outcome
from store import ledger
from store.db import Database
from tests import winmail

LIMIT = 3.0  # seconds of processor time; the slowest takes one on a slow machine
MARIE = b"From: marie@x.example\nSubject: Bonjour\n"
FORGED = b"From: sebastien@fram.example\nSubject: TR: Bonjour\n"


def files(number: int, head: bytes, body: bytes) -> bytes:
    one = b"--b\n" + head + b"\n\n" + body + b"\n"
    return (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nBonjour\n" + one * number + b"--b--\n"
    )


def winmail_of_files() -> bytes:
    one = winmail.attribute(2, 0x9002, b"") + winmail.attribute(2, 0x800F, bytes(5_000))
    return (
        b"Content-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n"
        + winmail.stream(*[one] * 190)
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    "blanks behind the word of a reference line": lambda: (
        MARIE + b"\nRef" + b" " * 1_000_000 + b"\nmg-"
    ),
    "a forwarded From of one word": lambda: (
        FORGED + b"\nDe : " + b"a" * 1_000_000 + b"\nDate : x\nObjet : x\n"
    ),
    "keyword lines": lambda: FORGED + b"\n" + b"#a\n" * 100_000,
    "brackets in a text with an address": lambda: MARIE + b"\na@b.example " + b")" * 90_000 + b"x)",
    "files": lambda: MARIE + files(900, b"Content-Disposition: attachment; filename=a", b"x"),
    "attached mails": lambda: MARIE + files(900, b"Content-Type: message/rfc822", b"Subject: x"),
    "files of a winmail.dat": lambda: MARIE + winmail_of_files(),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    path = tmp_path_factory.mktemp("desk") / "config.toml"
    path.write_text(shipped(), encoding="utf-8")
    config = load(path, {})
    with closing(Database(config.database_url)) as db:
        db.migrate()
        yield daemon.open_desk(config, db, daemon.wall_clock)


@pytest.mark.parametrize(("number", "bomb"), list(enumerate(BOMBS, start=1)))
def test_a_megabyte_is_settled_in_seconds(desk: Desk, number: int, bomb: str) -> None:
    raw = BOMBS[bomb]()
    with desk.db.transaction() as tx:
        mailbox, *_ = ledger.contact(tx, "mailbox", 1, 1, desk.now())
        copy = Copy(number, desk.now(), raw, len(raw))
        (taken,) = ledger.take(tx, mailbox, [copy], desk.now())
    read = reading.read(taken, Wanted())
    begin = time.process_time()
    assert intake.settle(desk, [read]) == {number: Outcome.OPENED}
    assert time.process_time() - begin < LIMIT
