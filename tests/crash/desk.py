"""A desk whose process can be made to die, and that keeps what was put into its mailbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.crash.child import Order
from tests.crash.points import Point
from tests.crash.warm import Warm
from tests.desk import TestDesk

NOW = timedelta()


class DiedError(Exception):
    """The process died where it was told to."""


@dataclass
class CrashDesk(TestDesk):
    warm: Warm = field(kw_only=True)
    mutant: str = ""
    fatal: tuple[Point, int] | None = None  # where the next process dies, if it comes there
    kills: int = 0
    delivered: list[bytes] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)  # a word -> entries that must hold it

    def put(
        self, mail: bytes, word: str = "", entries: int = 1, received: datetime | None = None
    ) -> bytes:
        """A mail into the inbox; `word` stands in its text and in that of no other mail."""
        self.dovecot.deliver(self.user, mail, received=received)
        self.delivered.append(mail)
        if word:
            self.words[word] = entries
        return mail

    def order(self, *args: str, ahead: timedelta = NOW) -> Order:
        point, nth = self.fatal or (None, 0)
        name = point.name if point else ""
        return Order(
            list(args), str(self.path), ahead.total_seconds(), name, nth, mutant=self.mutant
        )

    def mailgate(self, *args: str, ahead: timedelta = NOW) -> None:
        """Runs one command to its end. Raises DiedError once, when it comes to the fatal point."""
        code = self.warm.run(self.order(*args, ahead=ahead))
        if self.fatal is None:
            assert code == 0, self.log()
            return
        note = self.folder / "died"
        if not note.exists():
            assert code == 0, self.log()
            return  # the point lies in the next process
        assert (code, note.read_text("utf-8")) == (-9, f"{self.fatal[0].name} {self.fatal[1]}")
        self.fatal = None
        self.kills += 1
        raise DiedError

    def run_once(self, ahead: timedelta = NOW) -> None:
        self.mailgate("run", "--once", ahead=ahead)

    def log(self) -> str:
        return (self.folder / "crash.log").read_text("utf-8")[-4000:]
