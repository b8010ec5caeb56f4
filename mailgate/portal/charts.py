"""Where the bars of a chart stand. Across in percent of its width, down in pixels, so that one
drawing fits every screen without script and without style attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LEFT = 7.0  # percent, for the numbers at the lines
_TOP, _BASE = 24.0, 172.0  # pixels: of the highest bar, and of the line that all stand on
_BELOW = 44.0  # pixels: of the highest bar below a mark with its own word
_NAMES = 13  # most names below an axis that fit beside each other
_ROW = 44  # pixels from one row of a list of bars to the next


@dataclass(frozen=True, slots=True)
class Bar:
    x: float  # percent
    y: float
    width: float  # percent
    height: float
    middle: float  # percent
    count: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars that stand on a line."""

    series: tuple[tuple[Bar, ...], ...]
    lines: tuple[tuple[float, int], ...]  # (down, the number there)
    names: tuple[tuple[float, str], ...]  # (across, what stands below)
    base: float = _BASE


@dataclass(frozen=True, slots=True)
class Row:
    """A bar that lies, with its name above it."""

    top: int
    name: str
    count: int
    width: float  # percent


def columns(names: Sequence[str], *series: Sequence[int]) -> Columns:
    """Groups of bars, one of each series, above their names."""
    most = max((max(counts, default=0) for counts in series), default=0)
    step = _step(most)
    top = max(most, step)
    wide = (100 - _LEFT) / max(len(names), 1)
    bar = wide * 0.8 / len(series)
    starts = [_LEFT + wide * rank for rank in range(len(names))]
    drawn = tuple(
        tuple(
            _bar(start + wide * 0.1 + bar * place, bar * 0.92, count, top)
            for start, count in zip(starts, counts, strict=True)
        )
        for place, counts in enumerate(series)
    )
    every = -(-len(names) // _NAMES)
    shown = range((len(names) - 1) % every, len(names), every) if names else ()
    return Columns(
        drawn,
        tuple((_down(value, top), value) for value in range(0, top + 1, step)),
        tuple((round(starts[rank] + wide / 2, 2), names[rank]) for rank in shown),
    )


def histogram(counts: Sequence[int]) -> tuple[Bar, ...]:
    """Bars over the whole width, each beside the next, with room for a mark above them."""
    wide, most = 100 / len(counts), max(*counts, 1)
    return tuple(
        _bar(wide * rank + wide * 0.05, wide * 0.9, count, most, _BELOW)
        for rank, count in enumerate(counts)
    )


def rows(named: Sequence[tuple[str, int]]) -> tuple[Row, ...]:
    most = max((count for _, count in named), default=0) or 1
    return tuple(
        Row(rank * _ROW, name, count, round(100 * count / most, 2))
        for rank, (name, count) in enumerate(named)
    )


def _bar(x: float, width: float, count: int, most: int, highest: float = _TOP) -> Bar:
    y = _down(count, most, highest)
    middle = round(x + width / 2, 2)
    return Bar(round(x, 2), y, round(width, 2), round(_BASE - y, 1), middle, count)


def _down(value: int, most: int, highest: float = _TOP) -> float:
    return round(_BASE - (_BASE - highest) * value / most, 1)


def _step(most: int) -> int:
    """The distance of the lines: 1, 2 or 5 with noughts, for at most four of them."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if most <= 4 * step:
                return step
        size *= 10
