"""The seed's story as data: who writes what, and who must be told (templates/demo/story.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from rules import subject


@dataclass(frozen=True, slots=True)
class Row:
    """One step, by a mail or by the clock."""

    number: str  # of the seed's table; "" for a step that leads from one row to the next
    title: str  # what happens, in a sentence
    by: str  # who writes, an address; "" when only time passes
    text: str  # what is written
    hours: int  # that pass first
    mails: tuple[tuple[str, str], ...]  # (recipient, the subject's third bracket), in order
    state: str  # the ticket's afterwards


@dataclass(frozen=True, slots=True)
class Story:
    desk: str  # its name, in each subject's first bracket
    number: int  # of the ticket
    subject: str
    rows: tuple[Row, ...]

    def expected(self, row: Row) -> list[tuple[str, str]]:
        """(recipient, literal subject) of each mail that the row must cause."""
        return [
            (recipient, subject.write(self.desk, self.number, tag, self.subject))
            for recipient, tag in row.mails
        ]

    def difference(self, row: Row, mails: Sequence[tuple[str, str]], state: str) -> str:
        """The first thing that is not as the table has it, in a sentence; "" if nothing."""
        expected = self.expected(row)
        for rank, want in enumerate(expected):
            if rank >= len(mails):
                return f"no mail {want[1]!r} to {want[0]}"
            if mails[rank] != want:
                got = mails[rank]
                return f"expected {want[1]!r} to {want[0]}, came {got[1]!r} to {got[0]}"
        if len(mails) > len(expected):
            recipient, line = mails[len(expected)]
            return f"one mail too many: {line!r} to {recipient}"
        return "" if state == row.state else f"expected the state {row.state!r}, it is {state!r}"

    def done(self, received: Sequence[tuple[str, str]]) -> int:
        """How many rows have happened, judged by the (recipient, subject) of all mails in order."""
        ahead = iter(received)
        for rank, row in enumerate(self.rows):
            for recipient, tag in row.mails:
                if not any(who == recipient and f"][{tag}] " in line for who, line in ahead):
                    return rank
        return len(self.rows)


def load() -> Story:
    document = tomllib.loads((files("templates") / "demo" / "story.toml").read_text("utf-8"))
    rows = tuple(
        Row(
            row.get("number", ""),
            row["title"],
            row.get("by", ""),
            row.get("text", ""),
            row.get("hours", 0),
            tuple((recipient, tag) for recipient, tag in row["mails"]),
            row["state"],
        )
        for row in document["row"]
    )
    return Story(document["desk"], document["number"], document["subject"], rows)
