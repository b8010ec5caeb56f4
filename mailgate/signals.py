"""SIGTERM, SIGINT and SIGHUP: what is in hand is finished, then the desk ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stopped_by_signals(*events: Event) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP set these events while the block runs; for the main thread.

    A handler interrupts whatever runs, and an event has a lock that may be held right then: so
    the handler only leaves word for a thread. SimpleQueue.put may interrupt itself.
    """
    word: SimpleQueue[bool] = SimpleQueue()

    def end() -> None:
        if word.get():
            for event in events:
                event.set()

    thread = Thread(target=end, name="signals")
    thread.start()
    for one in ENDING:  # for good: a second one must not break off what the first one ends
        signal.signal(one, lambda *_: word.put(True))
    try:
        yield
    finally:
        word.put(False)
        thread.join()
