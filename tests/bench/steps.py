"""CPU seconds by step: each function of the road timed where the next one calls it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailgate import causes, daemon, delivery, effects, imap, intake, reading, threads
from mailgate.config import load
from mailgate.render import Renderer
from mailgate.smtp import Link

# (step, owner, attribute); a step inside another one is taken off it.
POINTS: list[tuple[str, Any, str]] = [
    ("fetch", imap.Mailbox, "fetch"),
    ("move", imap.Mailbox, "move"),
    ("take (A)", intake.ledger, "take"),
    ("parse", reading, "read"),
    ("thread", threads, "find"),
    ("read the words", causes, "of_mail"),
    ("decide", intake, "decide"),
    ("store", effects, "apply"),
    ("render", Renderer, "render"),
    ("send", Link, "send"),
    ("record", delivery, "record"),
    ("claim", delivery.outbox, "claim"),
    ("settle (B)", intake, "settle"),
]


def report(config: Path, count: int) -> None:
    spent: Counter[str] = Counter()
    open_steps: list[float] = []

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            open_steps.append(0.0)
            start = time.thread_time()
            try:
                return function(*args, **more)
            finally:
                took = time.thread_time() - start
                inside = open_steps.pop()
                spent[name] += took - inside
                if open_steps:
                    open_steps[-1] += took

        return call

    before = [(owner, name, getattr(owner, name)) for _, owner, name in POINTS]
    for step, owner, name in POINTS:
        setattr(owner, name, timed(step, getattr(owner, name)))
    backlog, intake.BACKLOG = intake.BACKLOG, count + 1  # no worker: one thread after the other
    start = time.process_time()
    try:
        assert daemon.run_once(load(config, {}))
    finally:
        intake.BACKLOG = backlog
        for owner, name, function in before:
            setattr(owner, name, function)
    total = time.process_time() - start
    for step, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {step:16s} {seconds * 1000 / count:7.2f}")
    print(f"  {'the rest':16s} {(total - sum(spent.values())) * 1000 / count:7.2f}")
    print(f"  {'all':16s} {total * 1000 / count:7.2f}")
