"""A private Dovecot on a loopback port: a real IMAP server for one test run.

Any user name logs in with the password "secret". It runs in one short-named temporary folder
(UNIX socket paths end at 107 bytes), as root or as an ordinary user, and keeps its port and its
mails over stop, kill and restart.
"""

import contextlib
import errno
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from imapclient.imap_utf7 import encode as encode_folder

from tests.servers import dovecot_conf
from tests.servers.certificate import local_certificate
from tests.servers.ports import HOST, free_port
from tests.servers.running import Server
from tests.servers.waiting import wait_until

PASSWORD = "secret"


def find_dovecot() -> str | None:
    """The path of the dovecot program, or None. Debian keeps it off an ordinary user's PATH."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which("dovecot", path=f"{path}:/usr/sbin:/usr/local/sbin")


class Dovecot(Server):
    """tls: STARTTLS on `port` and implicit TLS on `tls_port`, certificate by local_certificate().
    move=False: a server without MOVE and UIDPLUS. idle=False: one without IDLE."""

    host = HOST
    password = PASSWORD

    def __init__(self, *, tls: bool = False, move: bool = True, idle: bool = True) -> None:
        self._tls = tls
        self._without = frozenset(
            ([] if move else ["MOVE", "UIDPLUS"]) + ([] if idle else ["IDLE"])
        )
        # Dovecot refuses mail access as uid 0: as root, the mails belong to "nobody".
        owner = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")
        self._uid, self._gid = owner.pw_uid, owner.pw_gid
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._serial = count(1)
        self.port = self.tls_port = 0

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Return when the server greets. The first start chooses the ports."""
        if self.running:
            return
        if self._folder is not None:
            self._launch()
            return
        self._folder = Path(tempfile.mkdtemp(prefix="mg-", dir="/tmp"))
        self._prepare(self._folder)
        for last in (False, False, True):
            self.port = free_port()
            self.tls_port = free_port() if self._tls else 0
            try:
                self._launch()
                return
            except RuntimeError:  # another process took the port in the meantime
                if last:
                    raise

    @property
    def running(self) -> bool:
        return self._process is not None and not self._master_ended()

    def stop(self) -> None:
        """An orderly end; clients are told BYE. Ports and mails stay for the next start()."""
        if self._process is None:
            return
        # SIGTERM to the master alone leaves the imap processes with a selected folder running,
        # and takes a second.
        self._signal(signal.SIGTERM)
        with contextlib.suppress(AssertionError):
            wait_until(self._master_ended, timeout=5)
        self.kill()

    def kill(self) -> None:
        """The server goes away in the middle: SIGKILL for it and for all its children."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait(5)
        self._process = None
        # The children hold the listening socket too, and end a moment after the master.
        wait_until(self._refuses, what=f"the end of Dovecot on port {self.port}")
        (self.folder / "run" / "master.pid").unlink(missing_ok=True)

    def _signal(self, number: int) -> None:
        # The master leads a process group of its own; while it is not reaped (returncode is
        # None), the group's number names our processes and no others.
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, number)

    def _master_ended(self) -> bool:
        """Without reaping it."""
        assert self._process is not None
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """End it and delete everything."""
        self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @property
    def folder(self) -> Path:
        if self._folder is None:
            raise RuntimeError("this Dovecot has not been started")
        return self._folder

    def log(self) -> str:
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _prepare(self, folder: Path) -> None:
        folder.chmod(0o755)  # the mail processes run as another user and must pass through
        for name in ("run", "state", "mail"):
            (folder / name).mkdir()
        os.chown(folder / "mail", self._uid, self._gid)
        if self._tls:
            local_certificate().write(folder)

    def _launch(self) -> None:
        program = find_dovecot()
        if program is None:
            raise RuntimeError("dovecot is not installed: run scripts/debian-packages")
        conf = self.folder / "dovecot.conf"
        plan = dovecot_conf.Plan(
            self.folder,
            _version(program),
            self.port,
            self.tls_port,
            self._without,
            self._uid,
            self._gid,
        )
        conf.write_text(dovecot_conf.text(plan, PASSWORD))
        with (self.folder / "start.out").open("wb") as out:
            self._process = subprocess.Popen(
                [program, "-F", "-c", str(conf)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # so that kill() reaches the children by their group
            )
        wait_until(
            lambda: not self.running or self._greets(),
            what=f"a greeting of Dovecot on port {self.port}",
        )
        if not self.running:
            self.kill()
            said = (self.folder / "start.out").read_text(errors="replace")
            raise RuntimeError(f"Dovecot did not start:\n{said}{self.log()[-2000:]}")

    def _greets(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), 1) as client:
                return client.recv(4) == b"* OK"
        except OSError:
            return False

    def _refuses(self) -> bool:
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex((HOST, self.port)) == errno.ECONNREFUSED

    # -- mails -----------------------------------------------------------------------------

    def client(self, user: str, *, tls: bool = False) -> IMAPClient:
        """A client that has logged in; use it in a `with`, which logs out."""
        context = self.client_context() if tls else None
        port = self.tls_port if tls else self.port
        client = IMAPClient(HOST, port, ssl=tls, ssl_context=context, timeout=10)
        try:
            client.login(user, PASSWORD)
        except BaseException:
            client.shutdown()
            raise
        return client

    def client_context(self) -> ssl.SSLContext:
        """Trusts this server's certificate."""
        return local_certificate().client_context()

    @property
    def ca_file(self) -> Path:
        """The authority to trust, as a PEM file (with tls=True)."""
        return self.folder / "ca.pem"

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Where the mails lie, made if need be. Maildir++: "A/B" is the folder ".A.B"."""
        path = self.folder / "mail" / user
        if folder.upper() != "INBOX":
            path /= "." + encode_folder(folder).decode("ascii").replace("/", ".")
        if not (path / "cur").is_dir():
            for part in (path.parent, path, path / "tmp", path / "new", path / "cur"):
                part.mkdir(exist_ok=True)
                os.chown(part, self._uid, self._gid)
        return path

    def deliver(
        self, user: str, mail: bytes, received: datetime | None = None, folder: str = "INBOX"
    ) -> None:
        """Put a mail into the mailbox as an MTA does; `received` (aware) becomes INTERNALDATE."""
        maildir = self.maildir(user, folder)
        now = datetime.now(UTC)
        # Dovecot gives the UIDs of new files in the order of their names' times.
        name = f"{int(now.timestamp())}.M{next(self._serial):06d}P{os.getpid()}.test"
        draft = maildir / "tmp" / name
        draft.write_bytes(mail)
        os.chown(draft, self._uid, self._gid)
        moment = (received or now).timestamp()
        os.utime(draft, (moment, moment))
        draft.rename(maildir / "new" / name)

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The mails in the order of their UIDs, line ends CRLF; [] for a folder that is none."""
        found = self._fetch(user, folder, b"BODY.PEEK[]")
        return [row[b"BODY[]"] for _, row in sorted(found.items())]

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, set[str]]:
        r"""The flags of each mail by UID, without \Recent, which looking at them changes."""
        found = self._fetch(user, folder, b"FLAGS")
        return {
            uid: {flag.decode() for flag in row[b"FLAGS"]} - {r"\Recent"}
            for uid, row in sorted(found.items())
        }

    def _fetch(self, user: str, folder: str, item: bytes) -> dict[int, dict[bytes, Any]]:
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return {}
            client.select_folder(folder, readonly=True)
            uids = client.search("ALL")
            return dict(client.fetch(uids, [item])) if uids else {}

    def uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        with self.client(user) as client:
            return int(client.folder_status(folder, ["UIDVALIDITY"])[b"UIDVALIDITY"])

    def new_uidvalidity(self, user: str, folder: str = "INBOX") -> None:
        """As after a restored backup: same mails, UIDs from 1 again, a greater UIDVALIDITY.

        The server restarts: clients are cut off.
        """
        self.kill()
        maildir = self.maildir(user, folder)
        # The counter file dovecot-uidvalidity stays: without it the next value comes from the
        # clock, and within one second it would be the old one.
        for pattern in ("dovecot-uidlist*", "dovecot.index*", "dovecot.list.index*"):
            for path in maildir.glob(pattern):
                path.unlink()
        self.start()


def _version(program: str) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
    match = re.match(r"(\d+)\.(\d+)", said.stdout)
    if match is None:
        raise RuntimeError(f"{program} --version says {said.stdout!r} {said.stderr!r}")
    return int(match[1]), int(match[2])
