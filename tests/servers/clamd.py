"""A private clamd that knows one signature: the EICAR test string's, written here.

As an ordinary user or as root, in one short-named temporary folder (UNIX socket paths end at 107
bytes). It keeps its socket's path over stop and start.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from mailgate.checks import EICAR
from tests.servers.ports import HOST, free_port
from tests.servers.running import Server
from tests.servers.waiting import wait_until

NAME = "Test.Eicar.UNOFFICIAL"  # clamd adds the last part to whatever it was not shipped with
LARGEST = 2_000_000  # bytes that it takes


def find_clamd() -> str | None:
    path = os.environ.get("PATH", os.defpath)
    return shutil.which("clamd", path=f"{path}:/usr/sbin:/usr/local/sbin")


class Clamd(Server):
    """`address` is a socket's path, or HOST:PORT with tcp=True."""

    def __init__(self, *, tcp: bool = False) -> None:
        self._tcp = tcp
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="mg-", dir="/tmp"))
            self._prepare(self._folder)
        program = find_clamd()
        assert program
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "--config-file", str(self._folder / "clamd.conf")],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, 30, "clamd's start")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None
            if not self._tcp:
                Path(self.address).unlink(missing_ok=True)

    def close(self) -> None:
        self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _prepare(self, folder: Path) -> None:
        (folder / "db").mkdir()
        # ClamAV's manual, "Body-based signatures": name, any type, any offset, the bytes in hex.
        (folder / "db/test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        if self._tcp:
            port = free_port()
            self.address = f"{HOST}:{port}"
            listen = f"TCPSocket {port}\nTCPAddr {HOST}\n"
        else:
            self.address = str(folder / "ctl")
            listen = f"LocalSocket {self.address}\n"
        (folder / "clamd.conf").write_text(
            f"Foreground yes\n{listen}"
            f"DatabaseDirectory {folder / 'db'}\nStreamMaxLength {LARGEST}\n"
        )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "clamd ended at its start"
        with contextlib.suppress(OSError):
            if self._tcp:
                host, port = self.address.rsplit(":", 1)
                socket.create_connection((host, int(port)), 5).close()
            else:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(self.address)
            return True
        return False
