"""Reading and rendering in a process of their own, while there is much to do.

Both are functions of values (bytes to Mail, Letter to bytes) and half of a desk's CPU time: with
a backlog a second core does them. The process starts slowly, so until it is ready, and should it
die, its work is done here. It keeps nothing, and ends with its desk, however that ends.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from multiprocessing.process import parent_process
from pathlib import Path
from threading import Thread
from typing import NamedTuple, ParamSpec, TypeVar

from mailgate import reading
from mailgate.reading import Reading, Wanted
from mailgate.render import Letter, Renderer
from mailgate.signals import ENDING
from rules.model import Taken

log = logging.getLogger(__name__)

BACKLOG = 100  # mails in the inbox from which the process is worth its start
_COPIES = 8  # mails read in one order: an order costs as much as a tenth of a mail
_LETTERS = 8  # letters rendered in one order

P = ParamSpec("P")
T = TypeVar("T")

Copies = Sequence[tuple[Taken, str]]  # each with why nothing may come of it, or ""


class Settings(NamedTuple):
    """What a renderer is made of."""

    language: str
    timezone: str  # an IANA name
    desk_name: str
    desk_address: str
    portal_url: str  # "": no link is printed anywhere
    overrides: Path | None  # a folder of templates that go before the shipped ones


class Worker:
    """Reads mails and renders letters, here or beside. Its callers take turns."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        """`settings` are the renderer's, `wanted` is for `reading.read`."""
        self._settings = settings
        self.wanted = wanted
        self._pool: ProcessPoolExecutor | None = None
        self._awake: Future[None] | None = None
        self._lot = _Lot()
        self._to_read: list[Callable[[], object]] = []

    def start(self) -> None:
        """Starts the process, if it does not run; work goes there once it is ready."""
        self._start("spawn")

    def fork(self) -> None:
        """The same within milliseconds. For a process that has no threads and no connections yet:
        the other one would have a copy of them."""
        self._start("fork")

    def _start(self, how: str) -> None:
        if self._pool is None:
            context = multiprocessing.get_context(how)
            self._pool = ProcessPoolExecutor(1, context, _end_with_parent)
            self._awake = self._pool.submit(_wake, self._settings)

    def stop(self) -> None:
        """Ends the process; work is done here again."""
        pool, self._pool, self._awake = self._pool, None, None
        if pool:
            pool.shutdown()

    def read(self, copies: Copies) -> Callable[[], list[Reading]]:
        """Has copies read; what it returns waits for each of them, in the same order.

        They are read after the letters that wait to be rendered: those are needed sooner.
        """
        lots = [copies[start : start + _COPIES] for start in range(0, len(copies), _COPIES)]

        @cache
        def orders() -> list[Callable[[], list[Reading]]]:
            return [self._order(_read, lot, self.wanted) for lot in lots]

        self._to_read.append(orders)

        def result() -> list[Reading]:
            with suppress(ValueError):  # the letters of another batch came first
                self._to_read.remove(orders)
            found = [one for order in orders() for one in order()]
            return [
                replace(one, taken=taken) for one, (taken, _) in zip(found, copies, strict=True)
            ]

        return result

    def render(self, letter: Letter) -> Callable[[], bytes]:
        """Has a letter rendered; what it returns waits for the bytes, and raises as rendering."""
        lot = self._lot
        rank = lot.add(letter)
        if len(lot.letters) == _LETTERS or not self.ready():
            self._send()
        return lambda: self._rendered(lot, rank)

    def _rendered(self, lot: _Lot, rank: int) -> bytes:
        if self._lot.letters:
            self._send()
        while self._to_read:
            self._to_read.pop(0)()
        result = lot.order()[rank]
        if isinstance(result, Exception):
            raise result
        return result

    def _send(self) -> None:
        lot, self._lot = self._lot, _Lot()
        lot.order = self._order(_render, lot.letters, self._settings)

    def ready(self) -> bool:
        """Whether the process does the work."""
        awake = self._awake  # another thread may stop the worker meanwhile
        return awake is not None and awake.done() and not awake.exception()

    def _order(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Has a piece of work done; what it returns waits for the result."""
        pool = self._pool
        if pool is None or not self.ready():
            return _known(work(*args, **kwargs))
        try:
            future = pool.submit(work, *args, **kwargs)
        except RuntimeError:  # stopped or broken a moment ago
            return _known(work(*args, **kwargs))

        def result() -> T:
            try:
                return future.result()
            except BrokenExecutor:
                if self._awake is not None:
                    log.warning("the worker process has died; the desk works without it")
                    self._awake = None  # until the next backlog
                return work(*args, **kwargs)

        return result


@dataclass(slots=True)
class _Lot:
    """Letters rendered in one order, once they are many or somebody needs one of them."""

    letters: list[Letter] = field(default_factory=list)
    order: Callable[[], list[bytes | Exception]] = list

    def add(self, letter: Letter) -> int:
        self.letters.append(letter)
        return len(self.letters) - 1


def _known(value: T) -> Callable[[], T]:
    return lambda: value


# --- what the process does


def _end_with_parent() -> None:
    """Signals are for the desk, which ends this process; killed, it could not."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    parent = parent_process()
    assert parent

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _wake(settings: Settings) -> None:
    _renderer(settings)


@lru_cache(maxsize=1)
def _renderer(settings: Settings) -> Renderer:
    return Renderer(*settings)


def _read(copies: Copies, wanted: Wanted) -> list[Reading]:
    """Without the raw bytes, which need not come back."""
    found = (reading.read(taken, wanted, refusal) for taken, refusal in copies)
    return [replace(one, taken=replace(one.taken, raw=b"")) for one in found]


def _render(letters: Sequence[Letter], settings: Settings) -> list[bytes | Exception]:
    return [_one(letter, _renderer(settings)) for letter in letters]


def _one(letter: Letter, renderer: Renderer) -> bytes | Exception:
    try:
        return renderer.render(letter).data
    except Exception as error:  # of this letter alone
        return error
