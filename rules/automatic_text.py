"""What subject and text of a mail show of a program, by the tables of `automatic_words`.

Looks at the top of a mail only, so that it takes bounded time.
"""

from __future__ import annotations

from functools import lru_cache

from rules import automatic_words as words
from rules.keywords import fold
from rules.model import Mail

_SUBJECT = 300  # characters of a subject that are looked at
_PLAIN = str.maketrans("\u2019ł", "'l")  # what Unicode's normal forms leave as it is
_TEXT = 4_000  # the same of the text: what a machine writes of itself stands at its top


def of_absence(mail: Mail) -> bool:
    """Whether an automatic answer tells that somebody is away, by its subject or its text.

    Others confirm that a mail has come, or ask something.
    """
    return words.ABSENT.search(f"{subject(mail)}\n{said(mail)}") is not None


def tells_of_failure(mail: Mail) -> bool:
    """Whether the subject is that of a mail server's report, as far as it goes."""
    return words.FAILURE_SUBJECT.search(subject(mail)) is not None and not forwarded(mail)


def forwarded(mail: Mail) -> bool:
    """Whether somebody passes on what somebody else wrote."""
    return words.FORWARDED.match(subject(mail)) is not None


def line_of_failure(line: str) -> bool:
    """Whether one line of a text tells of a mail that does not arrive."""
    return words.FAILURE_TEXT.search(_folded(line)) is not None


def impersonal(mail: Mail) -> bool:
    """Whether the text greets nobody: machines come to the point."""
    top = said(mail)
    return bool(top) and not words.GREETING.match(top)


def tells_of_delay(mail: Mail) -> bool:
    """Whether a report without form says that the mail is still tried."""
    return words.DELAY.search(f"{subject(mail)}\n{said(mail)}") is not None


def of_an_answer(mail: Mail) -> bool:
    """Whether the subject is that of a program that answers."""
    return words.ANSWER_SUBJECT.match(subject(mail)) is not None


def said(mail: Mail) -> str:
    """The top of the text, folded, up to what it quotes or forwards; line by line."""
    return _top(mail.text[:_TEXT])


@lru_cache(maxsize=4)  # several tests ask for that of one mail
def _top(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        folded = _folded(line)
        if words.BORDER.match(folded):
            break
        if folded:
            lines.append(folded)
    return "\n".join(lines)


def subject(mail: Mail) -> str:
    """The subject, folded."""
    return _folded(mail.subject[:_SUBJECT])


def _folded(line: str) -> str:
    """One line as the tables have it: no case, accents or curly apostrophes, single blanks."""
    plain = line.lower() if line.isascii() else fold(line).translate(_PLAIN)
    return " ".join(plain.split())
