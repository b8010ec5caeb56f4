"""The lines of a mail, and which of them are folded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailgate import reply_marks as marks

LINE_LIMIT = 400  # characters of a line that are compared with the tables
HEADER_REACH = 8  # lines in which a quoted header block shows its labels

# For comparing only: French typography blanks, marks that nobody sees, the curly apostrophe.
_LOOKS = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "’": "'", "：": ":"}
    | dict.fromkeys("\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\u202a\u202c", "")
)
_MARKED_FROM = re.compile(r">From \S")  # what mailbox files make of a line that opens with "From "


@dataclass(slots=True)
class Lines:
    """The lines of a mail, and which of them are folded."""

    lines: list[str]
    quoted: list[bool]  # marked as quoted or signature by the client
    signed: list[bool]  # folded as a signature
    keys: list[str] = field(default_factory=list)  # the lines as they are compared
    folded: list[bool] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)  # None: not looked at yet

    def __post_init__(self) -> None:
        # At once, for a million empty lines take their time one by one.
        looks = "\n".join(line[:LINE_LIMIT] for line in self.lines).translate(_LOOKS).casefold()
        self.keys = [" ".join(key.split()) if key else "" for key in looks.split("\n")]
        self.quoted = [
            marked or (key.startswith(">") and not _MARKED_FROM.match(line))
            for line, key, marked in zip(self.lines, self.keys, self.quoted, strict=True)
        ]
        self.folded = list(self.quoted)
        self.labels = [None] * len(self.lines)

    def label(self, index: int) -> str:
        """The label of a header line ("objet" of "Objet : x"), "" for any other line."""
        known = self.labels[index]
        if known is None:
            match = marks.LABEL.match(self.keys[index])
            known = self.labels[index] = match[1].strip() if match else ""
        return known

    def next_written(self, index: int) -> int:
        """The first line at or after this one that is not blank; few blanks are passed."""
        for position in range(index, min(index + HEADER_REACH, len(self.lines))):
            if self.keys[position]:
                return position
        return len(self.lines)

    def fold(self, start: int, end: int) -> None:
        """Folds the lines from `start` to before `end`."""
        self.folded[start:end] = [True] * (min(end, len(self.lines)) - start)

    def sign(self, start: int, end: int) -> None:
        """Folds lines as a signature."""
        self.fold(start, end)
        self.signed[start:end] = [True] * (min(end, len(self.lines)) - start)
