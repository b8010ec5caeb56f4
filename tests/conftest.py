"""Fixtures: real servers on loopback ports.

The Dovecot of a test process is shared (a start costs 50 ms), its users are not: each test has a
mailbox of its own. A server with other abilities (TLS, no MOVE, …) is started by the test that
needs it: `with Dovecot(move=False) as server:`.
"""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.clamd import Clamd, find_clamd
from tests.servers.dovecot import Dovecot, find_dovecot
from tests.servers.proxy import Relay
from tests.servers.smtp_sink import SmtpSink

# A deadline per example measures how busy the machine is; test_linear.py bounds what mails cost.
settings.register_profile("mailgate", deadline=None)
settings.load_profile("mailgate")

NO_CLAMD = "clamd is not installed: run scripts/debian-packages"
NO_DOVECOT = "dovecot is not installed: run scripts/debian-packages"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("dovecot") and find_dovecot() is None:
        pytest.skip(NO_DOVECOT)


@pytest.fixture(scope="session")
def _shared_dovecot() -> Iterator[Dovecot]:
    if find_dovecot() is None:
        pytest.skip(NO_DOVECOT)
    with Dovecot() as server:
        yield server


@pytest.fixture
def dovecot(_shared_dovecot: Dovecot) -> Dovecot:
    """A running Dovecot. A test may stop or kill it: the next one finds it up again."""
    _shared_dovecot.start()
    return _shared_dovecot


@pytest.fixture(scope="session")
def _shared_clamd() -> Iterator[Clamd]:
    if find_clamd() is None:
        pytest.skip(NO_CLAMD)
    with Clamd() as server:
        yield server


@pytest.fixture
def clamd(_shared_clamd: Clamd) -> Clamd:
    """A running clamd that knows the EICAR test string. A test may stop it."""
    if not _shared_clamd.running:
        _shared_clamd.start()
    return _shared_clamd


@pytest.fixture
def imap_user() -> str:
    """A user name whose mailbox is empty."""
    return f"u{uuid.uuid4().hex[:12]}"


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def relay(dovecot: Dovecot) -> Iterator[Relay]:
    """A relay in front of the shared Dovecot."""
    with Relay(dovecot.port) as running:
        yield running
