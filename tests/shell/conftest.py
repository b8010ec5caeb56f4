"""A desk on real servers, one per test."""

from pathlib import Path

import pytest

from tests.demo import story as story
from tests.demo import url as url
from tests.demo import world as world
from tests.desk import TestDesk
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot, imap_user: str, smtp_sink: SmtpSink) -> TestDesk:
    return TestDesk(tmp_path, dovecot, imap_user, smtp_sink)
