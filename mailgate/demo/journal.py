"""What the demo must remember between two runs in one folder: its boxes and its clock.

One JSON object a line: a mail in a box, or by how much the clock is ahead. The tickets are in
the desk's own database.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailgate.demo.boxes import Item


class Journal:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._ends = self._read()[-1:] in (b"", b"\n")

    def keep(self, item: Item) -> None:
        self._append(
            {
                "at": item.at.isoformat(),
                "owner": item.owner,
                "sent": item.sent,
                "raw": b64encode(item.raw).decode("ascii"),
            }
        )

    def moved(self, ahead: timedelta) -> None:
        self._append({"ahead": ahead.total_seconds()})

    def ahead(self) -> timedelta:
        """By how much the clock was ahead at last."""
        moves = [line["ahead"] for line in self._lines() if "ahead" in line]
        return timedelta(seconds=moves[-1]) if moves else timedelta()

    def mails(self) -> list[tuple[str, bytes, datetime, bool]]:
        """(owner, mail, when, whether sent) of each mail, oldest first."""
        return [
            (
                line["owner"],
                b64decode(line["raw"]),
                datetime.fromisoformat(line["at"]),
                line["sent"],
            )
            for line in self._lines()
            if "raw" in line
        ]

    def _append(self, line: dict[str, object]) -> None:
        with self._path.open("ab") as file:
            # Not at the end of a line that a killed demo did not finish.
            file.write(b"" if self._ends else b"\n")
            file.write(json.dumps(line).encode("ascii") + b"\n")
        self._ends = True

    def _lines(self) -> Iterator[dict[str, Any]]:
        """What was written whole."""
        for line in self._read().splitlines():
            with suppress(ValueError):
                if isinstance(found := json.loads(line), dict):
                    yield found

    def _read(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""
