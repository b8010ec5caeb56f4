"""Loopback ports that stay ours while their server is down."""

import random
import socket

HOST = "127.0.0.1"

# Below 32768, where Linux takes the ports of outgoing connections from (macOS: 49152). A port
# got by binding 0 lies in that range: while its server is stopped, a client that retries can be
# given the very port that it dials and connect to itself, and any other client can take it.
_RANGE = range(20000, 32000)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    for _ in range(200):
        port = random.choice(_RANGE)
        with socket.socket() as probe:
            # As the servers do: a port in TIME_WAIT counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port on {HOST} between {_RANGE.start} and {_RANGE.stop}")
