"""The lines at the head of a text that open with `#` and a word.

Lines come from phones, webmail and French typography: characters that nobody
sees, Markdown's `*` and `_` and every blank of Unicode are looked through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) and control characters that are
# no blanks: zero-width, soft hyphen, bidi, BOM, variation selectors, Hangul fillers, tags.
HIDDEN = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)
_HASH = re.compile("[#＃]")
_ESCAPE = re.compile(r"[ *_]*+[#＃]{2}")
# Combining accents (U+0300 to U+036F) are no letters to `re`, but part of one.
_LINE = re.compile(
    r"[ *_]*+[#＃][ *_]*+(?P<word>[^\W\d_][\w\u0300-\u036f*-]*+)(?P<rest>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Line:
    """One keyword line as it looks: single blanks, nothing hidden."""

    text: str
    word: str  # the keyword, without "#" and Markdown's marks; not empty
    rest: str  # what stands behind it


def block(text: str, limit: int | None = None) -> tuple[list[Line], str]:
    """The keyword lines that open `text`, at most `limit`, and the text below them.

    Blank lines before, between and behind them are passed. The first other line ends
    the block; if it opens with `##`, the text keeps it with `#`. Linear time.
    """
    found: list[Line] = []
    below = 0
    for start, end, line in _lines(text, 0):
        if len(found) == limit:
            break
        if match := _LINE.match(line):
            word = match["word"].replace("*", "").replace("_", "").rstrip("-")
            found.append(Line(line, word, match["rest"]))
            below = end
        elif line.strip("*_ "):
            escaped = _HASH.search(text, start) if _ESCAPE.match(line) else None
            if escaped:
                text = text[: escaped.start()] + text[escaped.end() :]
            break
    return found, text[_written(text, below) :] if found else text


def _lines(text: str, start: int) -> Iterator[tuple[int, int, str]]:
    """Start, end and looks of each line from `start` on."""
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, end, " ".join(HIDDEN.sub("", text[start:end]).split())
        start = end


def _written(text: str, start: int) -> int:
    """Where the first line stands, from `start` on, that is not blank."""
    return next((at for at, _, line in _lines(text, start) if line), len(text))
