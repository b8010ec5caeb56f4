"""Reading and rendering in a process of their own, while there is much to do.

Both are functions of values (bytes to Mail, Letter to bytes) and half of a desk's CPU time: with
a backlog a second core does them. The process starts slowly, so until it is ready, and should it
die, its work is done here. It keeps nothing, and ends with its desk, however that ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from mailgate import reading
from mailgate.coprocess import Coprocess, DiedError, portable
from mailgate.reading import Reading, Wanted
from mailgate.render import Letter, Renderer
from rules.model import Taken

log = logging.getLogger(__name__)

BACKLOG = 100  # mails in the inbox from which the process is worth its start
_COPIES = 8  # mails read in one order
_LETTERS = 8  # letters rendered in one order

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
        self._beside: Coprocess | None = None
        self._lot = _Lot()

    def start(self) -> None:
        """Starts the process, if it does not run; work goes there once it is ready."""
        self._start("spawn")

    def fork(self) -> None:
        """The same within milliseconds. For a process that has no threads and no connections yet:
        the other one would have a copy of them."""
        self._start("fork")

    def _start(self, how: str) -> None:
        if self._beside is None:
            try:
                self._beside = Coprocess(how, _wake, self._settings)
                self._beside.order(_warm, self._settings)
            except (OSError, DiedError) as error:
                log.warning("no worker process can be had; the desk works without it: %s", error)
                self.stop()

    def stop(self) -> None:
        """Ends the process; work is done here again."""
        beside, self._beside = self._beside, None
        if beside:
            beside.stop()

    def read(self, copies: Copies) -> Callable[[], list[Reading]]:
        """Has copies read; what it returns waits for each of them, in the same order."""
        lots = [copies[start : start + _COPIES] for start in range(0, len(copies), _COPIES)]
        # Somebody sits before a form and waits.
        urgent = any(taken.credential for taken, _ in copies)
        orders = [self._order(urgent, _read, lot, self.wanted) for lot in lots]

        def result() -> list[Reading]:
            found = [one for order in orders for one in order()]
            return [
                replace(one, taken=taken) for one, (taken, _) in zip(found, copies, strict=True)
            ]

        return result

    def render(self, letter: Letter) -> Callable[[], bytes]:
        """Has a letter rendered, before what has to be read: it is needed sooner.

        What it returns waits for the bytes, and raises as rendering.
        """
        lot = self._lot
        rank = lot.add(letter)
        if len(lot.letters) == _LETTERS or not self.ready():
            self._lot = _Lot()
            lot.order = cache(self._order(True, _render, lot.letters, self._settings))
        return lambda: self._rendered(lot, rank)

    def _rendered(self, lot: _Lot, rank: int) -> bytes:
        if self._lot.letters:  # the last ones are done here, while the process does the others
            last, self._lot = self._lot, _Lot()
            last.order = _known(_render(last.letters, self._settings))
        result = lot.order()[rank]
        if isinstance(result, Exception):
            raise result
        return result

    def ready(self) -> bool:
        """Whether the process does the work."""
        return self._at_work() is not None

    def _at_work(self) -> Coprocess | None:
        beside = self._beside  # another thread may stop the worker meanwhile
        try:
            return beside if beside and beside.prepared() else None
        except DiedError:
            self._mourn(beside)
            return None

    def _order(self, urgent: bool, work: Callable[..., T], *args: object) -> Callable[[], T]:
        """Has a piece of work done; what it returns waits for the result."""
        beside = self._at_work()
        if beside is None:
            return _known(work(*args))
        try:
            order = beside.order(work, *args, urgent=urgent)
        except DiedError:
            self._mourn(beside)
            return _known(work(*args))

        def result() -> T:
            try:
                return order.result()
            except DiedError:
                self._mourn(beside)
                return work(*args)

        return result

    def _mourn(self, beside: Coprocess | None) -> None:
        """The process has died, if it was not stopped: work is done here until the next backlog."""
        if beside and self._beside is beside:
            log.warning("the worker process has died; the desk works without it")
            self.stop()


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


def _wake(settings: Settings) -> None:
    _renderer(settings)


def _warm(settings: Settings) -> None:
    _renderer(settings).prepare()


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
        return portable(error)
