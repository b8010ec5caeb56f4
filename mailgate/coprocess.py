"""A process beside this one that does orders, and the pipe between them.

A caller writes its order into the pipe and reads the result from it by itself: threads between
them would each wait for this interpreter's lock, and the process for them. What is urgent is done
before what merely came earlier. The process takes orders in while it works, and keeps its results
until somebody fetches them, so that neither side can block the other.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import parent_process
from queue import PriorityQueue, SimpleQueue
from threading import Lock, Thread
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from mailgate.signals import ENDING

T = TypeVar("T")

_TURN = 0.0005  # seconds after which the process interrupts its work to take an order in
_NUMBER = 8  # bytes
_WELL = pickle.dumps((None, None))


class DiedError(Exception):
    """The process is gone, and the order with it."""


class _Task(NamedTuple):
    """An order on its way; the smallest one is done next."""

    patient: bool
    number: int
    work: Callable[..., object]
    args: tuple[object, ...]


class Order(Generic[T]):
    """What the process was asked for. If nobody keeps it, its result is dropped."""

    __slots__ = ("__weakref__", "_coprocess", "outcome")

    def __init__(self, coprocess: Coprocess) -> None:
        self._coprocess = coprocess
        self.outcome = b""  # pickled, once it is here: (value, None) or (None, error)

    def result(self) -> T:
        """Waits for it. Raises what the work raised, and DiedError."""
        self._coprocess.receive(self)
        value, error = pickle.loads(self.outcome)  # noqa: S301 - of our own process
        if error:
            raise error
        return value  # type: ignore[no-any-return]


class Coprocess:
    """A process that does one order after the other. Any thread may order and wait."""

    def __init__(self, how: str, prepare: Callable[..., object], *args: object) -> None:
        """`how` it starts is "spawn" or "fork", as `multiprocessing` has it; a fork is for a
        process without threads and connections, which the other one would have copies of.
        The first order is `prepare(*args)`, which returns None. Raises OSError and DiedError
        where no process can be had."""
        context: Any = multiprocessing.get_context(how)
        self._pipe, theirs = multiprocessing.Pipe()
        try:
            with theirs:
                self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
                self._process.start()
        except OSError:
            self._pipe.close()
            raise
        self._numbers = count()
        self._orders: WeakValueDictionary[int, Order[Any]] = WeakValueDictionary()
        self._writing, self._reading = Lock(), Lock()
        # At the end of the program, multiprocessing would ask with a signal that is ignored.
        atexit.register(self._process.kill)
        try:
            self._prepared = self.order(prepare, *args)
        except DiedError:
            self.stop()
            raise

    def order(self, work: Callable[..., T], *args: object, urgent: bool = False) -> Order[T]:
        """Has `work(*args)` done. Raises DiedError."""
        order: Order[T] = Order(self)
        with self._writing:
            number = next(self._numbers)
            self._orders[number] = order
            try:
                self._pipe.send(_Task(not urgent, number, work, args))
            except OSError as error:
                raise DiedError from error
        return order

    def prepared(self) -> bool:
        """Whether it has begun to work; never where `prepare` raised. Raises DiedError."""
        if not self._prepared.outcome and self._reading.acquire(blocking=False):
            try:
                if self._pipe.poll():
                    self._receive()
            except OSError as error:
                raise DiedError from error
            finally:
                self._reading.release()
        return self._prepared.outcome == _WELL

    def receive(self, order: Order[Any]) -> None:
        """Waits until the outcome of this order is here. Raises DiedError."""
        if not order.outcome:
            with self._reading:
                while not order.outcome:
                    self._receive()

    def _receive(self) -> None:
        try:
            data = self._pipe.recv_bytes()
        except (OSError, EOFError) as error:
            raise DiedError from error
        if order := self._orders.get(int.from_bytes(data[:_NUMBER])):
            order.outcome = data[_NUMBER:]

    def stop(self) -> None:
        """Ends it at once. Who waits for an order meanwhile gets DiedError."""
        atexit.unregister(self._process.kill)
        self._process.kill()
        self._process.join()
        self._process.close()
        with self._writing, self._reading:
            self._pipe.close()


# --- what the process does


def _serve(pipe: Connection) -> None:
    for number in ENDING:  # signals are for the desk, which ends this process
        signal.signal(number, signal.SIG_IGN)
    sys.setswitchinterval(_TURN)
    tasks: PriorityQueue[_Task] = PriorityQueue()
    results: SimpleQueue[bytes] = SimpleQueue()
    _beside(_watch)
    _beside(_take_in, pipe, tasks)
    _beside(_give, pipe, results)
    while True:
        task = tasks.get()
        results.put(task.number.to_bytes(_NUMBER) + _outcome(task))


def _outcome(task: _Task) -> bytes:
    try:
        return pickle.dumps((task.work(*task.args), None))
    except Exception as error:
        return pickle.dumps((None, portable(error)))


def portable(error: Exception) -> Exception:
    """The error, or one that says the same and that other processes can read."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - of our own
    except Exception:
        return RuntimeError(repr(error))
    return error


def _beside(loop: Callable[..., None], *args: object) -> None:
    """A thread without which this process is of no use: however it ends, the process does."""

    def run() -> None:
        try:
            loop(*args)
        finally:
            os._exit(1)

    Thread(target=run, daemon=True).start()


def _watch() -> None:
    """Killed, the desk could not end this process."""
    parent = parent_process()
    assert parent
    parent.join()


def _take_in(pipe: Connection, tasks: PriorityQueue[_Task]) -> None:
    while True:
        tasks.put(pipe.recv())


def _give(pipe: Connection, results: SimpleQueue[bytes]) -> None:
    while True:
        pipe.send_bytes(results.get())
