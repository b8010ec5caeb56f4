"""The desk's figures on tables made by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.figures import (
    Closing,
    Line,
    Promise,
    Times,
    Week,
    answers,
    bins,
    by_week,
    closings,
    percentile,
    period,
    place,
    promise,
    times,
    weeks,
)
from rules.model import Move, Request

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 7, 23, 12, tzinfo=UTC)  # a Thursday of week 30
FINAL, SOLVED = {"closed", "unanswered"}, {"resolved"}
NONE = Times(0, None, None)


def at(text: str) -> datetime:
    """A moment of July 2026, UTC: "20 09:00"."""
    return datetime.strptime(f"2026-07-{text} +0000", "%Y-%m-%d %H:%M %z")


def minutes(*counts: int) -> list[timedelta]:
    return [timedelta(minutes=count) for count in counts]


def asked(opened: str, answered: str = "", *, awaited: bool = True) -> Request:
    return Request(at(opened), at(answered) if answered else None, awaited)


@pytest.mark.parametrize(
    ("now", "count", "zone", "starts"),
    [
        (NOON, 1, "UTC", ["2026-07-20T00:00"]),
        (NOON, 2, "Europe/Paris", ["2026-07-12T22:00", "2026-07-19T22:00"]),
        # Monday has begun in Paris, and not yet in New York.
        (at("19 22:00"), 1, "Europe/Paris", ["2026-07-19T22:00"]),
        (at("19 21:59"), 1, "Europe/Paris", ["2026-07-12T22:00"]),
        (at("20 03:59"), 1, "America/New_York", ["2026-07-13T04:00"]),
        (at("20 04:00"), 1, "America/New_York", ["2026-07-20T04:00"]),
        # The week in which the clocks go back has an hour more.
        (
            datetime(2026, 10, 28, tzinfo=UTC),
            2,
            "Europe/Paris",
            ["2026-10-18T22:00", "2026-10-25T23:00"],
        ),
        # Over a year's end.
        (
            datetime(2027, 1, 5, tzinfo=UTC),
            2,
            "UTC",
            ["2026-12-28T00:00", "2027-01-04T00:00"],
        ),
    ],
)
def test_weeks_begin_at_midnight_of_monday(
    now: datetime, count: int, zone: str, starts: list[str]
) -> None:
    found = weeks(now, count, ZoneInfo(zone))
    assert [one.start.strftime("%Y-%m-%dT%H:%M") for one in found] == starts


@pytest.mark.parametrize(
    ("monday", "name"),
    [
        (date(2026, 7, 20), "2026-W30"),
        (date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
    ],
)
def test_a_week_has_the_name_of_iso_8601(monday: date, name: str) -> None:
    assert Week(monday, NOON).name == name


MOVES = [
    ("never closed", ["20 09:00 open"], None),
    ("closed", ["20 09:00 open", "21 09:00 closed"], ("21 09:00", "21 09:00")),
    ("solved, then silence", ["20 09:00 resolved", "22 09:00 closed"], ("20 09:00", "22 09:00")),
    ("solved twice", ["20 09:00 resolved", "21 09:00 resolved", "22 09:00 closed"],
     ("20 09:00", "22 09:00")),
    ("refused", ["20 09:00 resolved", "20 10:00 open", "21 09:00 closed"],
     ("21 09:00", "21 09:00")),
    ("refused and solved again",
     ["20 09:00 resolved", "20 10:00 open", "21 09:00 resolved", "23 09:00 closed"],
     ("21 09:00", "23 09:00")),
    ("waited in vain", ["20 09:00 waiting", "23 09:00 unanswered"], ("23 09:00", "23 09:00")),
    ("reopened", ["20 09:00 closed", "21 09:00 open"], None),
    ("reopened and closed", ["20 09:00 closed", "21 09:00 open", "22 09:00 closed"],
     ("22 09:00", "22 09:00")),
    ("closed twice", ["20 09:00 closed", "21 09:00 unanswered"], ("20 09:00", "20 09:00")),
    ("closed, then solved", ["20 09:00 closed", "21 09:00 resolved"], None),
    ("solved only", ["20 09:00 resolved"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "expected"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES]
)
def test_a_ticket_is_closed_once_and_where_it_was_closed_last(
    lines: list[str], expected: tuple[str, str] | None
) -> None:
    opened = at("19 09:00")
    moves = [Move(7, opened, at(line[:8]), line[9:]) for line in lines]
    others = [Move(8, opened, at("24 09:00"), "closed")]
    found = closings([*moves, *others], FINAL, SOLVED)
    assert found.pop() == Closing(opened, at("24 09:00"), at("24 09:00"))
    assert found == ([Closing(opened, *map(at, expected))] if expected else [])
    assert closings([], FINAL, SOLVED) == []


@pytest.mark.parametrize(
    ("values", "median", "slow"),
    [
        ([5], 5, 5),
        ([1, 3], 2, 2.8),
        ([1, 2, 9], 2, 7.6),
        ([9, 1, 2], 2, 7.6),
        (list(range(11)), 5, 9),
        ([4, 4, 4, 4], 4, 4),
    ],
)
def test_median_and_ninetieth_percentile(values: list[int], median: float, slow: float) -> None:
    found = times(minutes(*values))
    assert found == Times(len(values), timedelta(minutes=median), timedelta(minutes=slow))


def test_nothing_has_no_percentile() -> None:
    assert times([]) == NONE


@given(st.lists(st.integers(0, 10**6), min_size=1), st.floats(0, 1))
def test_a_percentile_lies_among_the_values(values: list[int], share: float) -> None:
    ordered = minutes(*sorted(values))
    found = percentile(ordered, share)
    assert found is not None
    assert ordered[0] <= found <= ordered[-1]
    assert sum(one <= found for one in ordered) >= share * (len(ordered) - 1)


def test_weeks_of_what_was_opened_and_closed() -> None:
    both = weeks(NOON, 2, PARIS)
    requests = [
        asked("12 21:59"),  # the week before
        asked("12 22:00", "12 23:00"),  # midnight in Paris
        asked("19 21:59"),
        asked("19 22:00", "19 22:30"),
        asked("20 08:00", "20 09:30"),
        asked("21 08:00", "21 08:05", awaited=False),  # a machine: opened, awaits nothing
    ]
    closed = [
        Closing(at("01 09:00"), at("10 09:00"), at("12 21:59")),
        Closing(at("01 09:00"), at("11 09:00"), at("12 22:00")),
        Closing(at("20 09:00"), at("20 10:00"), at("22 09:00")),
    ]
    hour, days = timedelta(hours=1), timedelta(days=10)
    first, second = by_week(both, requests, closed)
    assert first == Line(2, Times(1, hour, hour), 1, Times(1, days, days))
    assert second == Line(3, times(minutes(30, 90)), 1, Times(1, hour, hour))
    assert by_week(both, [], []) == [Line(0, NONE, 0, NONE)] * 2
    assert period([], []) == Line(0, NONE, 0, NONE)
    assert period(requests[1:], closed[1:]).opened == first.opened + second.opened


@pytest.mark.parametrize(
    ("requests", "kept", "due"),
    [
        ([], 0, 0),
        ([asked("23 09:00", "23 11:00")], 1, 1),  # two hours, to the minute
        ([asked("23 09:00", "23 11:01")], 0, 1),
        ([asked("23 10:00")], 0, 0),  # may still be kept
        ([asked("23 09:59")], 0, 1),
        ([asked("01 09:00", awaited=False)], 0, 0),
        ([asked("23 09:00", "23 09:01", awaited=False)], 0, 0),
        ([asked("22 09:00"), asked("22 09:00", "22 10:00"), asked("23 11:00")], 1, 2),
    ],
)
def test_the_promised_time(requests: list[Request], kept: int, due: int) -> None:
    assert promise(requests, timedelta(hours=2), NOON) == Promise(kept, due)


def test_only_people_wait_for_an_answer() -> None:
    found = answers([asked("20 09:00", "20 09:10"), asked("20 09:00", "20 09:20", awaited=False)])
    assert found == minutes(10)


@pytest.mark.parametrize(
    ("value", "rank", "where"), [(0, 0, 0), (7.5, 0, 0.5), (15, 1, 1), (30, 2, 2.5), (9999, 2, 2.5)]
)
def test_bins_begin_at_their_bounds(value: float, rank: int, where: float) -> None:
    bounds, one = minutes(15, 30), timedelta(minutes=value)
    assert bins([one], bounds) == [int(rank == n) for n in range(3)]
    assert place(one, bounds) == where
    assert bins([], bounds) == [0, 0, 0]
