"""mailgate as a process of its own, for signals, exit codes and what stands on stderr."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent


def mailgate(
    *args: str, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end (60 s at most)."""
    return subprocess.run(
        [sys.executable, "-m", "mailgate", *args],
        cwd=cwd,
        env=_environ(environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Daemon:
    """`mailgate run` on a config file; `with Daemon(path):` ends it with SIGTERM."""

    def __init__(self, config: Path, **environ: str) -> None:
        self.log = config.with_name("daemon.log")
        self._command = [sys.executable, "-m", "mailgate", "run", "--config", str(config)]
        self._environ = _environ(environ)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environ
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def stop(self) -> int:
        """Ends it as a service manager would; returns the exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(30)

    def kill(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def peak_memory(self) -> int:
        """The most memory it had so far, in bytes (Linux: proc(5), VmHWM)."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024


def _environ(more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILGATE_")}
    return kept | {"PYTHONPATH": str(ROOT), "MAILGATE_PORTAL__LISTEN": ""} | more


def alive(pid: int) -> bool:
    """Whether this process runs; one that ended and that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
