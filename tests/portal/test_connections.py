"""Connections on which no request comes, or comes too slowly, end; others are not touched."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

import h11
import httpx
import pytest

from mailgate.portal import connections
from tests.portal.portal import NEW, Portal, fill
from tests.servers.waiting import wait_until

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /new HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
POST += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"


@pytest.fixture
def impatient(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setattr(connections, "SECONDS", {h11.IDLE: 0.4, h11.SEND_BODY: 0.8})
    return portal


@contextlib.contextmanager
def connected(portal: Portal) -> Iterator[socket.socket]:
    where = urlsplit(portal.url)
    with socket.create_connection((where.hostname, where.port), 20) as client:
        yield client


def ends(client: socket.socket, drip: bytes = b"") -> float:
    """The seconds until the server hangs up, a byte being sent now and then."""
    began = monotonic()
    client.settimeout(0.05)
    while monotonic() - began < 20:
        with contextlib.suppress(TimeoutError):
            try:
                client.sendall(drip)
                if not client.recv(65_536):
                    break
            except (ConnectionResetError, BrokenPipeError):
                break
    return monotonic() - began


def answered(client: socket.socket) -> bool:
    said = b""
    while not said.endswith(b"ok\n") and (more := client.recv(65_536)):
        said += more
    return said.endswith(b"ok\n")


@pytest.mark.parametrize(
    ("first", "drip", "least"),
    [
        pytest.param(b"", b"", 0.3, id="silent"),
        pytest.param(GET, b"", 0.3, id="half a head"),
        pytest.param(GET, b"a", 0.3, id="a head that drips"),
        pytest.param(POST, b"", 0.7, id="no body"),
        pytest.param(POST, b"a", 0.7, id="a body that drips"),
        pytest.param(GET + b"\r\n" + GET, b"a", 0.0, id="half a second head"),
        pytest.param(GET + b"\r\n" + POST, b"", 0.0, id="no second body"),
    ],
)
def test_a_request_that_does_not_come_ends_its_connection(
    impatient: Portal, caplog: pytest.LogCaptureFixture, first: bytes, drip: bytes, least: float
) -> None:
    with connected(impatient) as client:
        client.sendall(first)
        assert least <= ends(client, drip) < 10
    with impatient.client() as other:
        assert other.get("/healthz").text == "ok\n"
    assert not [one for one in caplog.records if one.exc_info]


def test_a_second_head_that_drips(impatient: Portal) -> None:
    with connected(impatient) as client:
        client.sendall(GET + b"\r\n")
        assert answered(client)
        client.sendall(GET)
        assert 0.3 <= ends(client, b"a") < 5


def test_whoever_is_in_time_is_not_cut(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", {h11.IDLE: 2, h11.SEND_BODY: 3})
    began = monotonic()
    with portal.client() as client:
        assert fill(client, "/new", [("a.txt", "text/plain", bytes(500_000))], **NEW).is_redirect
    with connected(portal) as client:
        while monotonic() - began < 3:  # each request has its own time
            client.sendall(GET + b"\r\n")
            assert answered(client)
        for byte in (*GET, *b"\r\n"):
            client.sendall(bytes([byte]))
        assert answered(client)


def test_no_more_connections_than_the_desk_can_spare(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 3)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(portal))
        with connected(portal) as late:
            assert ends(late) < 5
        with portal.client() as client, pytest.raises(httpx.HTTPError):
            client.get("/healthz")

    def answers() -> bool:
        with portal.client() as client, contextlib.suppress(httpx.HTTPError):
            return client.get("/healthz").text == "ok\n"
        return False

    wait_until(answers, 20, "a place is free again")
