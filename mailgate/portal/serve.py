"""The portal's server: uvicorn in a thread, as long as the desk is open."""

from __future__ import annotations

import gc
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from mailgate.desk import Desk
from mailgate.portal import road
from mailgate.portal.app import guarded
from mailgate.portal.bind import listening
from mailgate.portal.connections import AT_ONCE, Connection
from mailgate.portal.site import Site

log = logging.getLogger(__name__)

_FINISH = 10  # seconds for requests in hand when the desk closes


@contextmanager
def served(desk: Desk, wake: Callable[[], None]) -> Iterator[None]:
    """Serves the portal while the block runs, if [portal] listen names an address.

    First the forms are decided that a dead process left. `wake` tells delivery of mails.
    Raises BindError, and OutageError of the database.
    """
    bind = desk.config.portal.bind
    if bind is None:
        yield
        return
    with listening(*bind) as sock, serving(desk, wake, sock):
        log.info("the portal listens on %s", desk.config.portal.listen)
        yield


@contextmanager
def serving(desk: Desk, wake: Callable[[], None], sock: socket.socket) -> Iterator[None]:
    """Serves the portal on a socket that listens, in a thread, while the block runs."""
    road.resume(desk)
    config = uvicorn.Config(
        guarded(Site(desk, wake)),
        http=Connection,
        backlog=AT_ONCE,
        lifespan="off",
        log_config=None,
        access_log=False,  # its lines would hold tokens
        server_header=False,
        log_level="warning",
        forwarded_allow_ips=list(desk.config.portal.proxies),
        timeout_graceful_shutdown=_FINISH,
    )
    server = uvicorn.Server(config)
    # What stands now stays until the end: going through it would hold up a page now and then.
    gc.collect()
    gc.freeze()
    thread = Thread(target=server.run, kwargs={"sockets": [sock]}, name="portal")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        gc.unfreeze()
