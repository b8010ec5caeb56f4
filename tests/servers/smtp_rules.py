"""What the SMTP sink keeps of a mail, and how it answers whom."""

import functools
import threading
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

Step = Literal["rcpt", "data"]

# Answers that are no SMTP reply.
STALL, DROP, ACCEPT_AND_DROP = "stall", "drop", "accept-and-drop"


@dataclass(frozen=True)
class Mail:
    """One accepted mail."""

    sender: str  # envelope
    recipients: tuple[str, ...]  # envelope
    raw: bytes  # after removal of the transparency dots, line ends CRLF
    options: tuple[str, ...]  # of MAIL FROM: SIZE=…, BODY=8BITMIME, SMTPUTF8
    login: str | None
    tls: bool
    connection: int  # the first connection of this sink is 1

    @functools.cached_property
    def message(self) -> Message:
        """Parsed with compat32, which shows headers as they were sent."""
        return message_from_bytes(self.raw)


@dataclass
class _Rule:
    answer: str  # an SMTP reply, or one of the words above
    left: int | None  # how often still; None: always


class Rules:
    """One answer per recipient and step. Set by the test's thread, taken by the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, Step], _Rule] = {}

    def set(self, recipient: str, at: Step, answer: str, times: int | None) -> None:
        with self._lock:
            self._rules[recipient.lower(), at] = _Rule(answer, times)

    def forget(self, answer: str | None = None) -> None:
        """Remove the rules with this answer; None: all."""
        with self._lock:
            for key, rule in list(self._rules.items()):
                if answer in (None, rule.answer):
                    del self._rules[key]

    def take(self, recipients: list[str], at: Step) -> str | None:
        """The answer of the first of them that has a rule left, which is thereby used once."""
        with self._lock:
            for recipient in recipients:
                rule = self._rules.get((recipient.lower(), at))
                if rule is None or rule.left == 0:
                    continue
                if rule.left is not None:
                    rule.left -= 1
                return rule.answer
        return None
