"""Idle latency: a mail arrives at a daemon that has nothing to do; when is its answer accepted?"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.clients import new
from tests.desk import TestDesk
from tests.process import Daemon
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until


def report(count: int) -> None:
    with (
        Dovecot() as dovecot,
        SmtpSink() as sink,
        tempfile.TemporaryDirectory() as folder,
    ):
        desk = TestDesk(Path(folder), dovecot, "latency", sink)
        with Daemon(desk.path) as running:
            wait_until(lambda: "is open" in running.log.read_text(), 30, "the desk open")
            desk.deliver(new("warm@x.example", "Warm", "x"))
            sink.wait_for(2, 30)
            times = []
            for n in range(count):
                # Not in step with IDLE: each mail comes at another moment of it.
                time.sleep(0.1 + 0.37 * (n % 7))
                start = time.perf_counter()
                desk.deliver(new(f"user{n}@x.example", f"Demande {n}", "x"))
                sink.wait_for(2 * n + 3, 60)
                times.append(time.perf_counter() - start)
    times.sort()
    late = times[min(len(times) - 1, round(0.99 * len(times)))]
    print(f"  {count} mails: median {statistics.median(times):.2f} s, 99th percentile {late:.2f} s")
    print("  (Dovecot itself waits about 0.5 s before it tells of a new mail)")
