"""The demo's mail servers end at once and leave nothing open, whoever is coming in just then."""

import gc
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from mailgate.demo.imap_server import ImapServer
from mailgate.demo.loop import HOST, LoopThread, listen
from mailgate.demo.smtp_server import SmtpServer

Server = ImapServer | SmtpServer


async def taken(_recipient: str, _mail: bytes) -> None:
    """A mailbox of nobody's."""


def stopped_while_many_come(server: Server, clients: int) -> None:
    thread, listening = LoopThread("server"), listen(0)
    where = listening.getsockname()
    thread.run(server.start(listening))
    coming = [socket.create_connection(where, 5) for _ in range(clients)]
    thread.run(server.stop())
    thread.close()
    for client in coming:
        client.close()


@pytest.mark.parametrize(
    "new", [lambda: ImapServer("user", "secret"), lambda: SmtpServer(taken)], ids=["imap", "smtp"]
)
def test_stopped_in_the_middle_of_connecting(
    new: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector of garbage complains of what was left open: about one time in five."""
    left: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    for clients in range(1, 31):
        stopped_while_many_come(new(), 1 + clients % 5)
    gc.collect()
    assert [str(one.exc_value) for one in left] == []


@pytest.mark.parametrize("new", [lambda: ImapServer("user", "secret"), lambda: SmtpServer(taken)])
def test_nobody_is_let_in_afterwards(new: Callable[[], Server]) -> None:
    thread, listening = LoopThread("server"), listen(0)
    port = listening.getsockname()[1]
    server = new()
    thread.run(server.start(listening))
    thread.run(server.stop())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), 5)
    thread.close()
