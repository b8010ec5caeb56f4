"""The labelled mails beside the project, and the rows of the table that they give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpus"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of the corpus with what its origin expects of it."""

    folder: str
    path: Path
    expected: dict[str, Any]  # the file's line in expected.jsonl

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.path.name}"

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `wrong` says what stands behind its figure."""

    what: str
    got: int
    of: int
    target: int
    at_most: bool = False  # the target is a ceiling (errors, false alarms)
    wrong: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return self.got <= self.target if self.at_most else self.got >= self.target


@lru_cache(maxsize=1)
def samples() -> tuple[Sample, ...]:
    """Every file that has a line in its folder's expected.jsonl."""
    return tuple(_read())


def _read() -> Iterator[Sample]:
    for listing in sorted(FOLDER.glob("*/expected.jsonl")):
        folder = listing.parent
        for line in listing.read_text(encoding="utf-8").splitlines():
            expected = json.loads(line)
            yield Sample(folder.name, folder / expected["file"], expected)
