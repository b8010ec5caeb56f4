"""The desk's figures: from what tickets went through to counts and times, by the desk's weeks.

A week is that of ISO 8601: from Monday, midnight in the desk's time zone, to the next. Times are
plain ones, nights and weekends included.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rules.model import Move, Request

_SLOW = 0.9  # the share that is no slower than `Times.slow`


class Week(NamedTuple):
    monday: date
    start: datetime  # UTC

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: 2026-W30."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"


class Closing(NamedTuple):
    """A ticket that is closed now."""

    opened: datetime
    solved: datetime  # since when nobody had to do anything more for it
    closed: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, over `count` tickets; None without any."""

    count: int
    median: timedelta | None
    slow: timedelta | None  # the 90th percentile


@dataclass(frozen=True, slots=True)
class Line:
    """One week, or all of a period: what was opened and closed in it."""

    opened: int
    answer: Times  # of what was opened
    closed: int
    solution: Times  # of what was closed


@dataclass(frozen=True, slots=True)
class Promise:
    """Of the requests that were answered, or should have been by now: how many were in time."""

    kept: int
    due: int


def weeks(now: datetime, count: int, zone: ZoneInfo) -> tuple[Week, ...]:
    """The week of `now` and those before it, `count` in all, oldest first."""
    today = now.astimezone(zone).date()
    last = today - timedelta(days=today.weekday())
    mondays = (last - timedelta(weeks=back) for back in reversed(range(count)))
    return tuple(
        Week(monday, datetime.combine(monday, time(), zone).astimezone(UTC)) for monday in mondays
    )


def closings(
    moves: Iterable[Move], final: Collection[str], solved: Collection[str]
) -> list[Closing]:
    """The tickets that are closed, of all their moves: by ticket, then oldest first.

    One that was reopened counts once, where it was closed last. `solved` are the states in
    which a ticket waits for nothing but its closing.
    """
    found = []
    for _, of_one in groupby(moves, lambda move: move.ticket):
        ready: datetime | None = None
        closed: datetime | None = None
        for move in of_one:
            done = move.state in final
            ready = (ready or move.at) if done or move.state in solved else None
            closed = (closed or move.at) if done else None
        if ready and closed:
            found.append(Closing(move.opened, ready, closed))
    return found


def period(requests: Collection[Request], closed: Collection[Closing]) -> Line:
    """All that was opened and closed, in one."""
    return Line(
        len(requests),
        times(answers(requests)),
        len(closed),
        times([one.solved - one.opened for one in closed]),
    )


def by_week(
    all_weeks: Sequence[Week], requests: Iterable[Request], closed: Iterable[Closing]
) -> list[Line]:
    """One line a week; what was opened or closed before the first is left out."""
    opened_in: list[list[Request]] = [[] for _ in all_weeks]
    closed_in: list[list[Closing]] = [[] for _ in all_weeks]
    starts = [week.start for week in all_weeks]
    for request in requests:
        if rank := bisect_right(starts, request.opened):
            opened_in[rank - 1].append(request)
    for one in closed:
        if rank := bisect_right(starts, one.closed):
            closed_in[rank - 1].append(one)
    return [period(*pair) for pair in zip(opened_in, closed_in, strict=True)]


def answers(requests: Iterable[Request]) -> list[timedelta]:
    """How long each person who asked waited for the first answer, if one has come."""
    return [one.answered - one.opened for one in requests if one.awaited and one.answered]


def promise(requests: Iterable[Request], within: timedelta, now: datetime) -> Promise:
    """What became of a promise to answer `within` that time; what may still be kept is not due."""
    took = [
        (one.answered or now) - one.opened
        for one in requests
        if one.awaited and (one.answered or now - one.opened > within)
    ]
    return Promise(sum(one <= within for one in took), len(took))


def times(values: Collection[timedelta]) -> Times:
    ordered = sorted(values)
    return Times(len(ordered), percentile(ordered, 0.5), percentile(ordered, _SLOW))


def percentile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """Of values in order, what `share` of them do not exceed; None without any.

    Between two of them by linear interpolation, type 7 of Hyndman and Fan, "Sample Quantiles in
    Statistical Packages" (1996): the median of two is their mean, as people expect.
    """
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def bins(values: Iterable[timedelta], bounds: Sequence[timedelta]) -> list[int]:
    """How many are below the first bound, from there to the second, …, from the last one on."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_right(bounds, value)] += 1
    return counts


def place(value: timedelta, bounds: Sequence[timedelta]) -> float:
    """Where a value lies on an axis on which every bin is 1 wide; in the last one in its middle."""
    rank = bisect_right(bounds, value)
    if rank == len(bounds):
        return rank + 0.5
    start = bounds[rank - 1] if rank else timedelta()
    return rank + (value - start) / (bounds[rank] - start)
