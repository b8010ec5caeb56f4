"""The two servers of the demo, side by side on one loop in one thread.

Mail to the desk's address lies in its IMAP inbox; mail to anybody else goes to `receive`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from mailgate.config.models import Imap
from mailgate.demo.imap_server import ImapServer
from mailgate.demo.loop import LoopThread, listen
from mailgate.demo.smtp_server import SmtpServer

IMAP_PORT, SMTP_PORT = 1143, 1025  # those of the shipped configuration, if they are free


class Servers:
    """Started by `with`; on the given ports, or on free ones where those are taken."""

    def __init__(
        self,
        address: str,
        login: Imap,
        now: Callable[[], datetime],
        receive: Callable[[str, bytes], None],
    ) -> None:
        """`login` has the user and the password of the desk's mailbox."""
        self._address = address
        self._now = now
        self._receive = receive
        self._imap = ImapServer(login.user, login.password.get_secret_value())
        self._smtp = SmtpServer(self._deliver)
        self._thread: LoopThread | None = None
        self.imap_port = self.smtp_port = 0

    def __enter__(self) -> Self:
        imap, smtp = listen(IMAP_PORT), listen(SMTP_PORT)
        self.imap_port, self.smtp_port = imap.getsockname()[1], smtp.getsockname()[1]
        self._thread = LoopThread("demo servers")
        self._thread.run(self._imap.start(imap))
        self._thread.run(self._smtp.start(smtp))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends both at once: whoever is connected is cut off."""
        thread, self._thread = self._thread, None
        if thread:
            thread.run(self._imap.stop())
            thread.run(self._smtp.stop())
            thread.close()

    def unread(self) -> int:
        """How many mails the desk has not taken from its inbox."""
        return self._running.run(self._imap.count())

    def nudge(self) -> None:
        """Makes the desk look into its inbox now."""
        self._running.run(self._imap.nudge())

    @property
    def stalled(self) -> int:
        """How many mails wait for the answer that stall@… withholds."""
        return self._smtp.stalled

    def release(self) -> None:
        """Answers them."""
        self._running.run(self._smtp.release())

    @property
    def _running(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError("the demo's servers do not run")
        return self._thread

    async def _deliver(self, recipient: str, raw: bytes) -> None:
        if recipient.lower() == self._address:
            await self._imap.deliver(raw, self._now())
        else:
            self._receive(recipient.lower(), raw)
