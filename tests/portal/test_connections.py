"""Visitors who open connections and keep the portal waiting, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from mailgate.portal import connections
from tests.portal.portal import Portal
from tests.servers.waiting import wait_until

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /new HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
BODY = POST + b"Content-Length: 9\r\n\r\nform"


@pytest.fixture
def opened(portal: Portal) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(portal: Portal, opened: ExitStack, said: bytes = b"") -> socket.socket:
    host, port = portal.url.removeprefix("http://").split(":")
    one = opened.enter_context(socket.create_connection((host, int(port)), timeout=10))
    one.sendall(said)
    return one


def ended(one: socket.socket) -> bool:
    """Whether the server breaks it off; waits for that or for data."""
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + b"\r\n" + HEAD, BODY], ids=str)
def test_what_does_not_come_to_its_end_is_broken_off(
    portal: Portal, opened: ExitStack, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD", 0.2)
    monkeypatch.setattr(connections, "BODY", 0.2)
    one = connect(portal, opened, said)
    answers = 1 if said.startswith(HEAD + b"\r\n") else 0
    for _ in range(answers):
        assert b"200 OK" in one.recv(10_000)
    assert ended(one)
    assert httpx.get(f"{portal.url}/healthz").status_code == 200


def test_a_head_that_drips_is_broken_off(
    portal: Portal, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD", 0.3)
    one = connect(portal, opened, HEAD)

    def dripped() -> bool:
        try:
            one.sendall(b"a")
        except ConnectionError:
            return True
        return False

    wait_until(dripped)


def test_however_many_there_are_the_next_visitor_is_served(
    portal: Portal, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 5)
    silent = [connect(portal, opened, HEAD if rank % 2 else b"") for rank in range(20)]
    assert httpx.get(f"{portal.url}/healthz").status_code == 200
    assert all(ended(one) for one in silent[:15])
    silent[-1].sendall(b"\r\n")
    assert b"200 OK" in silent[-1].recv(10_000)
