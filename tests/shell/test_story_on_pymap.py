"""The golden story once more, on the mailbox that the demo brings along: pymap."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.demo.imap_server import ImapServer
from mailgate.demo.loop import LoopThread, listen
from tests.desk import TestDesk
from tests.servers.smtp_sink import SmtpSink
from tests.shell.test_seed import *  # noqa: F403 - the same tests, and below another `desk`

USER, PASSWORD = "support@fram.example", "secret"


class Pymap:
    """What a TestDesk asks of its Dovecot."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread, self._server = thread, ImapServer(USER, PASSWORD)
        socket = listen(0)
        self.port = socket.getsockname()[1]
        thread.run(self._server.start(socket))

    def deliver(self, _user: str, mail: bytes, folder: str = "INBOX") -> None:
        self._thread.run(self._server.deliver(mail, datetime.now(UTC), folder))

    def count(self, folder: str) -> int:
        return self._thread.run(self._server.count(folder))

    def stop(self) -> None:
        self._thread.run(self._server.stop())


@pytest.fixture
def pymap() -> Iterator[Pymap]:
    thread = LoopThread("pymap")
    server = Pymap(thread)
    yield server
    server.stop()
    thread.close()


@pytest.fixture
def desk(tmp_path: Path, pymap: Pymap, smtp_sink: SmtpSink) -> TestDesk:
    return TestDesk(tmp_path, pymap, USER, smtp_sink)


def test_mails_move_to_done(desk: TestDesk, pymap: Pymap) -> None:
    desk.deliver(new(MARIE, TITLE, "Bonjour"))  # noqa: F405
    desk.once()
    assert (pymap.count("INBOX"), pymap.count("Done"), pymap.count("Held")) == (0, 1, 0)
