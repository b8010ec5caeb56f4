"""The address that the portal listens on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class BindError(Exception):
    """The address of [portal] listen cannot be had."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there. Raises BindError."""
    try:
        # Without IPPROTO_TCP asyncio would not set TCP_NODELAY on its connections.
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise _bind_error(host, port, error) from error
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
            sock.listen(128)
        except OSError as error:
            raise _bind_error(host, port, error) from error
        yield sock


def _bind_error(host: str, port: int, error: OSError) -> BindError:
    return BindError(
        f"[portal] listen: {host}:{port} cannot be used: {error.strerror or error}; "
        'free it, name another one, or set listen = "" for a desk without portal'
    )
