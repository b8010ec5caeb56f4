"""A process that has imported the program, and forks one `mailgate` after the other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Self

from tests.crash.child import Order
from tests.process import ROOT


class Warm:
    """One child at a time. `with Warm() as warm:` ends it, and the child that may be left."""

    def __enter__(self) -> Self:
        environ = {name: v for name, v in os.environ.items() if not name.startswith("MAILGATE_")}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", "--serve"],
            cwd=ROOT,
            # Reading all certificates is slow, and somebody may use the portal's usual port.
            env=environ | {"SSL_CERT_FILE": os.devnull, "MAILGATE_PORTAL__LISTEN": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._child = 0
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self.kill()
        self._server.communicate(timeout=10)

    def start(self, order: Order) -> None:
        assert self._server.stdin
        assert not self._child
        self._server.stdin.write(order.line())
        self._server.stdin.flush()
        self._child = self._hear()

    def end(self) -> int:
        """Waits for the child; returns its exit code, -9 when it was killed."""
        code = self._hear()
        self._child = 0
        return code

    def run(self, order: Order) -> int:
        self.start(order)
        return self.end()

    def kill(self) -> int:
        """SIGKILL for the child; its exit code tells if it had ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        return self.end()

    def _hear(self) -> int:
        assert self._server.stdout
        line = self._server.stdout.readline()
        assert line, "the warm process has ended"
        return int(line)
