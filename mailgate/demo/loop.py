"""An asyncio loop in a thread of its own, and sockets for the servers that live in it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

HOST = "127.0.0.1"
_CONNECTING = 3  # turns of the loop from an accepted socket to `connection_made`
_SECONDS = 10.0  # how long a piece of work in the loop may take

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for callers that block. Open connections are not waited for at the end."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop and returns its result; for any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_SECONDS)

    def close(self) -> None:
        """Cancels what still runs and ends the thread."""
        self.run(_cancel_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_SECONDS)
        self.loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # what they closed is closed in the next turn


async def close_port(server: asyncio.Server) -> None:
    """Closes a server's port once those are connected whose sockets were accepted: asyncio would
    forget theirs open."""
    for listening in server.sockets:
        server.get_loop().remove_reader(listening.fileno())
    for _ in range(_CONNECTING):
        await asyncio.sleep(0)
    server.close()


def listen(preferred: int) -> socket.socket:
    """A socket of this computer alone, on the preferred port or, where it is taken, a free one."""
    try:
        return _bound(preferred)
    except OSError:
        return _bound(0)


def _bound(port: int) -> socket.socket:
    # Without IPPROTO_TCP asyncio would not set TCP_NODELAY on its connections.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
