"""The sent log: mails that the SMTP server took and that the database does not know of yet.

What became of one mail has to survive a power cut before the next one goes out. A commit for
each waits while another thread holds the write lock for a whole batch. So the sender notes a
reference here, in one write that returns when it is on the disk, and tells the database of many
at once. Lines are written over and never removed: the database passes over a reference that it
knows as sent, and over one that it does not know.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from store.db import OutageError

LINES = 256  # the most that can be noted before the database is told
_LINE = 128  # bytes; a divisor of a sector, so that a power cut spoils one line at most


class SentLog:
    """A file beside the database, of one size. One daemon writes it, which holds the database."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".sent")
        self._handle: int | None = None
        self._next = 0

    def close(self) -> None:
        """Lets go of the file; the next mail that is noted opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    @property
    def full(self) -> bool:
        """Whether the database has to be told before another mail is noted."""
        return self._next == LINES

    def add(self, reference: str, at: datetime) -> None:
        """Notes that a mail was taken at this moment (aware); it is on the disk afterwards.

        Raises OutageError when that is not sure.
        """
        line = f"{reference} {at.isoformat()} ".encode().ljust(_LINE - 1) + b"\n"
        try:
            if self._handle is None:
                self._handle = self._opened()
            if os.pwrite(self._handle, line, self._next * _LINE) != _LINE:
                raise OSError("the disk is full")
        except OSError as error:
            raise OutageError(f"{self._path}: cannot be written: {error}") from error
        self._next += 1

    def read(self) -> list[tuple[str, datetime]]:
        """What was noted, and what stood there before: (reference, moment). Raises OutageError."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutageError(f"{self._path}: cannot be read: {error}") from error
        lines = (data[start : start + _LINE] for start in range(0, len(data), _LINE))
        return [found for line in lines if (found := _noted(line))]

    def told(self) -> None:
        """The database knows what was noted: its lines may be written over."""
        self._next = 0

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_DSYNC | os.O_CLOEXEC
        try:
            return os.open(self._path, flags)
        except FileNotFoundError:
            self._make()
        return os.open(self._path, flags)

    def _make(self) -> None:
        """At its full size from the start: a line then changes nothing else of the file."""
        new = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_DSYNC, 0o600)
        try:
            os.write(new, bytes(LINES * _LINE))
        finally:
            os.close(new)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # a new file's name is on the disk with its folder alone
        finally:
            os.close(folder)


def _noted(line: bytes) -> tuple[str, datetime] | None:
    """What a line says that was written whole; else None."""
    if len(line) != _LINE or not line.endswith(b" \n"):
        return None
    reference, _, moment = line.decode("ascii", "replace").strip().partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (reference, at) if at.tzinfo else None
