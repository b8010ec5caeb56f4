"""A warm process and the story without a death, once per test process; a desk for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import scenario
from tests.crash.desk import CrashDesk
from tests.crash.story import Story
from tests.crash.warm import Warm
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, _shared_dovecot: Dovecot, warm: Warm) -> Story:
    _shared_dovecot.start()
    told = Story()
    folder = tmp_path_factory.mktemp("story")
    user = f"u{uuid.uuid4().hex[:12]}"
    with SmtpSink() as sink:
        desk = CrashDesk(folder, _shared_dovecot, user, sink, more=scenario.MORE, warm=warm)
        told.play(desk, folder)
    return told


@pytest.fixture
def crash_desk(
    tmp_path: Path, dovecot: Dovecot, imap_user: str, smtp_sink: SmtpSink, warm: Warm
) -> CrashDesk:
    return CrashDesk(tmp_path, dovecot, imap_user, smtp_sink, more=scenario.MORE, warm=warm)
