"""The command line in a child process that dies by SIGKILL where it is told to.

    python -m tests.crash.child POINT NTH CONFIG     `run --once`, dying at the NTH call of POINT
    python -m tests.crash.child --serve              orders on stdin, a fork for each (warm.py)

A fork of a process that has imported everything, has no threads and has opened no database costs
milliseconds; a start of Python costs a second.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy.dialects.sqlite  # noqa: F401 - found late by SQLAlchemy
from sqlalchemy.orm import configure_mappers

from mailgate import __main__, config, daemon, delivery, imap, views  # noqa: F401
from mailgate.render import Renderer
from tests.crash.mutants import MUTANTS
from tests.crash.points import BY_NAME, Point

# Small batches: several transactions (A) and (B), several claims.
MAILS_IN, MAILS_OUT = 4, 3


@dataclass(frozen=True)
class Order:
    """One run of the command line."""

    args: list[str]
    config: str
    ahead: float = 0  # seconds by which the desk's clock is ahead of the real one
    point: str = ""  # where it dies, "" for nowhere
    nth: int = 0
    mutant: str = ""

    @property
    def folder(self) -> Path:
        return Path(self.config).parent

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


def obey(order: Order) -> int:
    """Runs the command in this process; returns its exit code, if it comes to that."""
    imap.BATCH_MAILS, delivery.BATCH = MAILS_IN, MAILS_OUT
    ahead, wall_clock = timedelta(seconds=order.ahead), daemon.wall_clock
    for opens in (daemon.open_desk, daemon.run_once):
        opens.__defaults__ = (lambda: wall_clock() + ahead,)
    if order.mutant:
        MUTANTS[order.mutant]()
    if order.point:
        arm(BY_NAME[order.point], order.nth, order.folder / "died")
    sys.argv = ["mailgate", *order.args, "--config", order.config]
    try:
        __main__.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def arm(point: Point, nth: int, note: Path) -> None:
    """Replaces what the point names by something that ends the process at the nth call."""
    owner: Any = importlib.import_module(point.module)
    *classes, name = point.attribute.split(".")
    for part in classes:
        owner = getattr(owner, part)
    honest, calls = getattr(owner, name), count(1)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        this_one = next(calls) == nth
        if this_one and point.when == "before":
            die()
        result = honest(*args, **kwargs)
        if this_one:
            die()
        return result

    def die() -> None:
        note.write_text(f"{point.name} {nth}", "utf-8")
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


def serve() -> None:
    """For each order: its process id, then, once it has ended, its exit code (-9: killed)."""
    cold = True
    while line := sys.stdin.readline():
        order = Order(**json.loads(line))
        if cold:
            cold = warm_up(Path(order.config))
        pid = os.fork()
        if not pid:
            _child(order)
        _say(pid)
        _say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def warm_up(path: Path) -> bool:
    """Compiles the templates once for all forks.

    Returns that nothing is cold any more.
    """
    configure_mappers()
    settings = config.load(path, {})
    setattr(daemon, "Renderer", functools.cache(Renderer))  # noqa: B010
    renderer = daemon.open_desk(settings, None).renderer  # type: ignore[arg-type]
    for environment in (renderer._text, renderer._html):
        for name in environment.list_templates():
            if name.startswith(("mail/layout", f"mail/{settings.desk.language}/")):
                environment.get_template(name)
    gc.freeze()  # a collection in a fork would copy all that the two have in common
    return False


def _child(order: Order) -> None:
    code = 70
    try:
        log = os.open(order.folder / "crash.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = obey(order)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        name, number, path = sys.argv[1:]
        sys.exit(obey(Order(["run", "--once"], path, point=name, nth=int(number))))
