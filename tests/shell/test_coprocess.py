"""The process beside: orders come back whatever they are, and it never outlives its desk."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from mailgate.coprocess import Coprocess, DiedError
from tests.process import ROOT, alive
from tests.servers.waiting import wait_until

BIG = 10_000_000  # bytes; a pipe holds a fraction of that


@pytest.fixture
def beside() -> Iterator[Coprocess]:
    coprocess = Coprocess("spawn", gone)
    wait_until(coprocess.prepared, 30)
    yield coprocess
    coprocess.stop()


def gone() -> None:
    """Something to be done that comes to nothing."""


def twice(data: bytes) -> bytes:
    return data * 2


def fails(words: str) -> None:
    raise ValueError(words)


class UnreadableError(Exception):
    """One that can be written, and not read again without its second argument."""

    def __init__(self, words: str, _more: str) -> None:
        super().__init__(words)


def fails_unreadably() -> None:
    raise UnreadableError("as said", "and more")


def fails_unsendably() -> None:
    raise ValueError("as said", Lock())


class Arrival:
    """Makes a file as soon as the other process takes its order in, not when it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return made, (self._path,)


def made(path: Path) -> bytes:
    path.touch()
    return b""


def noted(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


def waits_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def test_what_is_asked_for_comes_back_in_whatever_order(beside: Coprocess) -> None:
    orders = [beside.order(twice, b"%d" % n) for n in range(100)]
    assert [one.result() for one in reversed(orders)] == [b"%d" % n * 2 for n in range(99, -1, -1)]
    assert orders[0].result() == b"00"


def test_neither_side_waits_for_the_other_to_read(beside: Coprocess) -> None:
    """Much on its way in both directions, and nobody fetches anything before all is ordered."""
    orders = [beside.order(twice, bytes(BIG)) for _ in range(5)]
    assert [len(one.result()) for one in orders] == [2 * BIG] * 5


def test_urgent_orders_are_done_first(beside: Coprocess, tmp_path: Path) -> None:
    go, log = tmp_path / "go", tmp_path / "log"
    beside.order(waits_for, go)
    last = beside.order(noted, log, "patient ")
    for n in range(3):
        beside.order(noted, log, f"urgent{n} ", urgent=True)
    beside.order(twice, Arrival(go))  # taken in behind the others, which wait by then
    last.result()
    assert log.read_text("utf-8").split() == ["urgent0", "urgent1", "urgent2", "patient"]


def test_errors_come_back_as_they_were(beside: Coprocess) -> None:
    with pytest.raises(ValueError, match="as said"):
        beside.order(fails, "as said").result()
    for work in (fails_unreadably, fails_unsendably):
        with pytest.raises(RuntimeError, match="as said"):
            beside.order(work).result()
    assert beside.order(twice, b"a").result() == b"aa"


def test_results_that_nobody_keeps_are_dropped(beside: Coprocess) -> None:
    for _ in range(10):
        beside.order(twice, b"a")
    assert beside.order(twice, b"b").result() == b"bb"
    assert set(beside._orders.keys()) == {0}  # that of its start


def test_a_failure_to_prepare_is_never_ready() -> None:
    coprocess = Coprocess("spawn", fails, "as said")
    assert coprocess.order(twice, b"a").result() == b"aa"
    assert not coprocess.prepared()
    coprocess.stop()


def test_dead_it_says_so(beside: Coprocess, tmp_path: Path) -> None:
    order = beside.order(waits_for, tmp_path / "never")
    kill_child()
    with pytest.raises(DiedError):
        order.result()
    with pytest.raises(DiedError):
        beside.order(twice, b"a").result()


def test_dead_before_it_was_ready(tmp_path: Path) -> None:
    coprocess = Coprocess("spawn", waits_for, tmp_path / "never")
    assert not coprocess.prepared()
    kill_child()
    with pytest.raises(DiedError):
        coprocess.prepared()
    coprocess.stop()


def test_stopped_under_somebody_who_waits(tmp_path: Path) -> None:
    coprocess = Coprocess("spawn", gone)
    order = coprocess.order(waits_for, tmp_path / "never")
    told: list[Exception] = []

    def wait() -> None:
        try:
            order.result()
        except DiedError as error:
            told.append(error)

    waiting = Thread(target=wait)
    waiting.start()
    wait_until(coprocess._reading.locked, 10)
    coprocess.stop()
    waiting.join(10)
    assert len(told) == 1
    with pytest.raises(DiedError):
        coprocess.order(gone)


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_program_that_ends_without_stopping_it(tmp_path: Path, end: str) -> None:
    """It does not wait for the other process, and does not leave it behind."""
    path = tmp_path / "program.py"
    path.write_text(
        "import multiprocessing, os, signal\n"
        "from mailgate.coprocess import Coprocess\n"
        "from tests.shell.test_coprocess import gone\n"
        "beside = Coprocess('fork', gone)\n"
        "beside.order(gone).result()\n"
        f"print(multiprocessing.active_children()[0].pid, flush=True)\n{end}\n",
        "utf-8",
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(path)], env=environ, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == (-signal.SIGKILL if end else 0)
    wait_until(lambda: not alive(int(done.stdout)), 10)


def test_signals_that_end_the_desk_are_not_for_it(beside: Coprocess) -> None:
    (child,) = multiprocessing.active_children()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(child.pid or 0, number)
    assert beside.order(twice, b"a").result() == b"aa"


def kill_child() -> None:
    (child,) = multiprocessing.active_children()
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join(10)
