"""The worker: what it reads and renders is what this process would have, whatever becomes of it."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailgate import reading, reply
from mailgate.attachments import attachment_bytes
from mailgate.reading import Wanted
from mailgate.render import Renderer
from mailgate.worker import Settings, Worker
from rules.model import Credential, Proof, Taken
from tests.process import ROOT, alive
from tests.servers.waiting import wait_until
from tests.shell.letters import letter

SETTINGS = Settings("fr", "Europe/Paris", "FRAM", "support@fram.example", "", None)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
COPIES = [
    (Taken(n, n, n, 1, NOW, b"Subject: ecran %d\r\n\r\nIl reste noir.\r\n" % n, True), "")
    for n in range(1, 21)
]
LETTERS = [letter(number=n) for n in range(1, 21)]


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(SETTINGS, Wanted())
    worker.start()
    wait_until(worker.ready, 30)
    yield worker
    worker.stop()


def here() -> tuple[list[reading.Reading], list[bytes]]:
    renderer = Renderer(*SETTINGS)
    return (
        [reading.read(taken, Wanted()) for taken, _ in COPIES],
        [renderer.render(one).data for one in LETTERS],
    )


def there(worker: Worker) -> tuple[list[reading.Reading], list[bytes]]:
    orders = [worker.render(one) for one in LETTERS]
    return worker.read(COPIES)(), [order() for order in orders]


def test_its_work_is_what_is_done_here(worker: Worker) -> None:
    assert there(worker) == here()


def test_a_reading_holds_what_its_letters_need() -> None:
    """The new text and the files that may ride along, as who reads the mail again would have."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "marie@x.example", "Re: [FRAM][#1]"
    mail.set_content("Merci.\n\nLe lundi 2 mars 2026, Support a écrit :\n> Il est noir ?\n")
    for size in (2000, 200):
        mail.add_attachment(bytes(size), "image", "png", filename=f"{size}.png")
    raw = mail.as_bytes()
    wanted = Wanted(files=1000)
    (read,) = Worker(SETTINGS, wanted).read([(Taken(1, 1, 1, 1, NOW, raw, True), "")])()
    assert read.mail
    assert read.cut == reply.of_mail(read.mail)
    assert read.cut
    assert dict(read.files) == {
        one.part: attachment_bytes(raw, one.part)
        for one in read.mail.attachments
        if one.size < 1000
    }
    assert read.cut.text == "Merci."
    assert [len(one) for one in read.files.values()] == [200]


def test_killed_it_is_done_without(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    orders = [worker.render(one) for one in LETTERS]
    (child,) = multiprocessing.active_children()
    os.kill(child.pid or 0, signal.SIGKILL)
    assert there(worker) == here()
    assert [order() for order in orders] == here()[1]
    assert caplog.text.count("the worker process has died") == 1


def test_killed_before_it_was_ready(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(SETTINGS, Wanted())
    worker.start()
    (child,) = multiprocessing.active_children()
    os.kill(child.pid or 0, signal.SIGKILL)
    wait_until(lambda: not worker.ready() and not multiprocessing.active_children(), 10)
    assert there(worker) == here()
    assert caplog.text.count("the worker process has died") == 1
    worker.start()  # the next backlog
    wait_until(worker.ready, 30)
    worker.stop()


def test_without_a_process_it_works_here(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system has none to give: made up, for it gives them to root whatever the limit."""

    def none_left(*_: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.popen_spawn_posix.Popen._launch", none_left)
    worker = Worker(SETTINGS, Wanted())
    worker.start()
    assert not worker.ready()
    assert there(worker) == here()
    assert "no worker process can be had" in caplog.text


def test_a_form_does_not_wait_behind_mails(worker: Worker) -> None:
    """Somebody sits before it: it is read before what came earlier."""
    big = [
        (replace(taken, raw=taken.raw + b"Il est noir.\r\n" * 100_000), "") for taken, _ in COPIES
    ]
    mails = worker.read(big)
    form = replace(COPIES[0][0], credential=Credential(Proof.LINK))
    (read,) = worker.read([(form, "")])()
    beside = worker._beside
    assert beside
    waiting = [order for order in beside._orders.values() if not order.outcome]
    assert read.mail
    assert waiting
    assert len(mails()) == len(COPIES)


def test_a_letter_that_fails_fails_alone(worker: Worker) -> None:
    bad = letter(quote_internal=True)
    orders = [worker.render(one) for one in (LETTERS[0], bad, LETTERS[1])]
    assert [orders[0](), orders[2]()] == here()[1][:2]
    with pytest.raises(ValueError, match="internal"):
        orders[1]()


def test_stopped_it_works_here(worker: Worker) -> None:
    worker.stop()
    assert there(worker) == here()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("how", ["start", "fork"])
def test_it_ends_with_a_desk_that_is_killed(tmp_path: Path, how: str) -> None:
    waits = "print(multiprocessing.active_children()[0].pid, flush=True)\n    time.sleep(60)"
    with program(tmp_path, how, waits) as desk:
        assert desk.stdout
        child = int(desk.stdout.readline())
        desk.kill()
    wait_until(lambda: not alive(child), 10)


def test_forked_it_does_the_same(tmp_path: Path) -> None:
    """In a process that has no threads, as a fork needs it; this one may have some."""
    compares = "print(there(worker) == here(), worker.ready()); worker.stop()"
    with program(tmp_path, "fork", compares) as desk:
        assert desk.communicate(timeout=60) == (b"True True\n", None)


def program(folder: Path, how: str, then: str) -> "subprocess.Popen[bytes]":
    """A process with a worker that is ready."""
    (folder / "desk.py").write_text(
        "import multiprocessing, time\n"
        "from mailgate.worker import Worker\n"
        "from tests.shell.test_worker import SETTINGS, Wanted, here, there\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(SETTINGS, Wanted())\n"
        f"    worker.{how}()\n"
        "    while not worker.ready(): time.sleep(0.05)\n"
        f"    {then}\n",
        "utf-8",
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    order = [sys.executable, str(folder / "desk.py")]
    return subprocess.Popen(order, stdout=subprocess.PIPE, env=environ)
