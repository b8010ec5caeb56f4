"""A quote told by what it quotes: the desk knows every mail that it sent.

Clients quote in more ways than `reply` has rows for. Whatever an agent's client
did to a mail of ours (indented it, wrapped it anew, turned it into HTML), its
words stand there in their order, and no word of theirs may go on to anybody else.
"""

from __future__ import annotations

import re

_LEAD = re.compile(r"^[\s>|:]+")
_KEY = 40  # characters, without blanks, by which a place of our mail is known again
_TAIL = 12  # characters of a marked line that show where it goes on
_HITS = 2  # places found in the answer: one alone may be a sentence that he took up
_SCANNED = 200_000  # characters of an answer that are searched; nobody types more


def cut(text: str, ours: str) -> tuple[str, str]:
    """(what stands above the first words of `ours` in `text`, the rest).

    `ours` is the text of a mail of ours. Where fewer than two of its places are
    found, nothing is cut: (text, "").
    """
    squeezed, places = _squeeze(text[:_SCANNED])
    body, starts = _squeeze(ours)
    keys = {body[start : start + _KEY] for start in _line_starts(starts)}
    found = [squeezed.find(key) for key in keys if len(key) == _KEY]
    hits = [position for position in found if position >= 0]
    if len(hits) < _HITS:
        return text, ""
    lines = text.split("\n")
    first = places[min(hits)]
    return "\n".join(lines[:first]).rstrip(), "\n".join(lines[first:])


def marked(text: str, ours: str) -> str:
    """`text` with a mark on what clients break off a marked line: it goes on as `ours` does."""
    body, above = _squeeze(ours)[0], ""
    lines = text[:_SCANNED].split("\n")
    for number, line in enumerate(lines):
        squeezed = _squeeze(line)[0]
        if line.startswith(">"):
            above = squeezed
        elif squeezed and len(above) >= _TAIL and above[-_TAIL:] + squeezed in body:
            lines[number] = f"> {line}"
            above += squeezed
        else:
            above = ""
    return "\n".join(lines) + text[_SCANNED:]


def _squeeze(text: str) -> tuple[str, list[int]]:
    """The text without blanks, quote marks and case, and the line of each of its characters."""
    characters: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n")):
        squeezed = "".join(_LEAD.sub("", line).casefold().split())
        characters.append(squeezed)
        lines += [number] * len(squeezed)
    return "".join(characters), lines


def _line_starts(lines: list[int]) -> list[int]:
    """Where each line begins among the squeezed characters."""
    return [n for n, line in enumerate(lines) if n == 0 or line != lines[n - 1]]
