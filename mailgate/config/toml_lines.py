"""Where each key of a TOML text stands: key path -> line.

tomllib gives values without positions. This walks a text that tomllib has
accepted (TOML 1.0) a second time, reading no value, only noting the line on
which each key, table header and array element begins. One pass, no recursion:
the open brackets are kept on a stack.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping

Loc = tuple[str | int, ...]  # ("states", "waiting", "timers", 1, "after")

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY = re.compile(r"""(?P<bare>[A-Za-z0-9_-]+)|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
# The delimiters of a multi-line string may be preceded by one or two quotes of its text.
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",  # numbers, booleans, dates (which may hold a blank)
    re.DOTALL,
)


def find_lines(text: str) -> Mapping[Loc, int]:
    """Map every key path of `text` to the line (from 1) where it first stands.

    Takes text that tomllib accepts; on other text the answer is of no use, but
    it comes and does not raise. A table written only by its parts
    (`[a.b]` for `a`) has the line of the first part.
    """
    return _Finder(text).run()


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.lines: dict[Loc, int] = {}
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._last: dict[Loc, int] = {}  # array of tables -> rank of its newest element

    def run(self) -> dict[Loc, int]:
        table: Loc = ()
        while self._skip():
            start = self.pos
            if self.text[start] == "[":
                table = self._header()
            else:
                self._value(self._key(table))
            if self.pos == start:  # not TOML: go on behind this line
                end = self.text.find("\n", start)
                self.pos = len(self.text) if end < 0 else end
        return self.lines

    def _skip(self) -> bool:
        """Pass blanks, line ends and comments; False at the end of the text."""
        if match := _BLANK.match(self.text, self.pos):
            self.pos = match.end()
        return self.pos < len(self.text)

    def _note(self, loc: Loc, pos: int) -> None:
        self.lines.setdefault(loc, bisect.bisect_left(self._ends, pos) + 1)

    def _keys(self) -> list[str]:
        """The parts of a dotted key."""
        keys: list[str] = []
        while match := _KEY.match(self.text, self.pos):
            self.pos = match.end()
            keys.append(match["bare"] or _unquote(match[0]))
            dot = _DOT.match(self.text, self.pos)
            if dot is None:
                break
            self.pos = dot.end()
        return keys

    def _key(self, table: Loc) -> Loc:
        """Read `key =` below `table`, with every part of a dotted key noted."""
        start, loc = self.pos, table
        for key in self._keys():
            loc += (key,)
            self._note(loc, start)
        self._skip()
        if self.text.startswith("=", self.pos):
            self.pos += 1
        return loc

    def _header(self) -> Loc:
        """Read `[table]` or `[[array]]`; the path that the following keys belong to."""
        start = self.pos
        repeated = self.text.startswith("[[", start)
        self.pos += 2 if repeated else 1
        self._skip()
        keys = self._keys()
        loc: Loc = ()
        for rank, key in enumerate(keys):
            loc += (key,)
            self._note(loc, start)
            if repeated and rank == len(keys) - 1:
                self._last[loc] = self._last.get(loc, -1) + 1
            if loc in self._last:  # [a.b] below [[a]] speaks of the newest a
                loc += (self._last[loc],)
                self._note(loc, start)
        self._skip()
        self.pos += len("]]") if repeated else len("]")
        return loc

    def _value(self, loc: Loc) -> None:
        """Pass one value, noting the keys and elements inside it."""
        open_: list[tuple[Loc, int]] = []  # path and elements so far; -1 for an inline table
        while self._skip():
            char = self.text[self.pos]
            if char in "[{":
                self.pos += 1
                open_.append((loc, 0 if char == "[" else -1))
            elif match := _SCALAR.match(self.text, self.pos):
                self.pos = match.end()
            following = self._next(open_)
            if following is None:
                return
            loc = following

    def _next(self, open_: list[tuple[Loc, int]]) -> Loc | None:
        """Close what ends here; the path of the next value, None when all is closed."""
        while open_ and self._skip():
            if self.text[self.pos] == ",":
                self.pos += 1
            elif self.text[self.pos] in "]}":
                self.pos += 1
                open_.pop()
            else:
                outer, count = open_[-1]
                start = self.pos
                if count < 0:
                    loc = self._key(outer)
                    return loc if self.pos > start else None
                open_[-1] = (outer, count + 1)
                self._note((*outer, count), start)
                return (*outer, count)
        return None


def _unquote(key: str) -> str:
    """The text of a quoted key."""
    if "\\" not in key or key.startswith("'"):
        return key[1:-1]
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except ValueError:
        return key[1:-1]
