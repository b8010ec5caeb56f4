"""How fast is the road? `make bench`: ratios against the floor of the same run.

The floor (../shared/bench/floor.sh) does the least that a pipeline on this stack
can do for the same work: fetch, parse, one row a mail, move, as many short mails
sent. Both run alternately on a Dovecot and a smtp-sink of their own, on mails of
../shared/bench/corpus.py. Without ../shared or smtp-sink this says so and ends.

    python -m tests.bench.bench [--count 1000] [--runs 3] [--latency 40]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tests.bench import figures, latency, pages, steps
from tests.servers.dovecot import Dovecot
from tests.servers.ports import HOST, free_port
from tests.servers.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
SHARED = ROOT.parent / "shared" / "bench"
ADDRESS = "support@fram.example"
USER = "support"


def main() -> None:
    options = _options()
    missing = _missing()
    if missing:
        sys.exit(f"make bench needs {missing}")
    print(f"{options.count} mails, {options.runs} runs each, alternating with the floor\n")
    floors, ours = [], []
    for run in range(options.runs):
        floors.append(_floor(options.count))
        ours.append(_ours(options.count))
        print(f"run {run + 1}: floor {floors[-1]['wall']:.2f} s, mailgate {_line(ours[-1])}")
    floor = statistics.median(one["wall"] for one in floors)
    wall = statistics.median(one["wall"] for one in ours)
    print(
        f"\nmedian: {wall / floor:.2f} x the floor's wall time, {options.count / wall:.0f} mails/s"
    )
    print(f"peak memory: {max(one['memory'] for one in ours):.0f} MiB")
    print("\nCPU by step, in one process (ms per mail taken in):")
    with _road(options.count) as config:
        steps.report(config, options.count)
    print("\nidle latency, from delivery to the notification's acceptance:")
    latency.report(options.latency)
    print("\npages, over HTTP:")
    pages.report()
    print()
    figures.report()


def _line(run: dict[str, float]) -> str:
    return f"{run['wall']:.2f} s wall, {run['cpu']:.2f} s CPU, {run['sent']:.0f} mails sent"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=int, default=40)
    return parser.parse_args()


def _missing() -> str:
    if not (SHARED / "floor.sh").exists():
        return f"{SHARED}, which is not part of the project"
    if shutil.which("smtp-sink", path=_path()) is None:
        return "smtp-sink (Debian package postfix)"
    return ""


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"


def _floor(count: int) -> dict[str, float]:
    environ = dict(os.environ, PATH=_path(), PYTHON=sys.executable, BENCH_DIR="/tmp")
    done = subprocess.run(
        ["bash", str(SHARED / "floor.sh"), str(count), str(count * 3 // 2), "1"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    return {"wall": figures["wall_s"], "cpu": figures["cpu_s"]}


def _ours(count: int) -> dict[str, float]:
    with _road(count) as config:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "mailgate", "run", "--once", "--config", str(config)],
            check=True,
            timeout=600,
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sent = _sent(config.with_name("mailgate.db"), count)
        return {"wall": wall, "cpu": used, "memory": after.ru_maxrss / 1024, "sent": sent}


def _sent(database: Path, count: int) -> int:
    """How many mails went out; the run counts only if every mail came in."""
    import sqlite3

    with sqlite3.connect(database) as db:
        taken = dict(db.execute("select outcome, count(*) from ledger group by 1"))
        sent = dict(db.execute("select state, count(*) from outbox group by 1"))
    if taken.get("opened", 0) + taken.get("noted", 0) != count or set(sent) != {"sent"}:
        sys.exit(f"the run does not count: {taken}, {sent}")
    return int(sent["sent"])


@contextmanager
def _road(count: int) -> Iterator[Path]:
    """A config.toml for a full mailbox and a smtp-sink of its own."""
    corpus = _corpus()
    folder = Path(tempfile.mkdtemp(prefix="mgb-", dir="/tmp"))
    port = free_port()
    drop = ["-u", "nobody"] if os.getuid() == 0 else []
    sink = subprocess.Popen(
        [shutil.which("smtp-sink", path=_path()) or "", "-c", *drop, f"{HOST}:{port}", "500"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with Dovecot() as dovecot:
            for mail in corpus.mails(count, "[FRAM][#%d]", 1, ADDRESS):
                dovecot.deliver(USER, mail.data)
            config = folder / "config.toml"
            config.write_text(
                f'desk = {{ name = "FRAM", address = "{ADDRESS}" }}\n'
                f'imap = {{ host = "{HOST}", port = {dovecot.port}, tls = "none",'
                f' user = "{USER}", password = "secret" }}\n'
                f'smtp = {{ host = "{HOST}", port = {port}, tls = "none" }}\n'
                'agents = [{ name = "Sébastien", address = "sebastien@fram.example" }]\n',
                "utf-8",
            )
            with dovecot.client(USER) as client:
                wait_until(lambda: client.select_folder("INBOX")[b"EXISTS"] == count, 30)
            yield config
    finally:
        sink.terminate()
        sink.wait(10)
        shutil.rmtree(folder)


def _corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus", SHARED / "corpus.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
