"""The desk's figures for its agents: a page with charts and tables, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from starlette.requests import Request as WebRequest
from starlette.responses import Response
from starlette.routing import Route

from mailgate.desk import Desk
from mailgate.portal import charts, history, session
from mailgate.portal.site import Site
from rules import figures
from rules.figures import Line, Promise, Times, Week
from rules.policy import RESOLVED, Agent, Policy
from store import figures as rows
from store.figures import Standing

PERIODS = (4, 12, 26, 52)  # weeks
_PERIOD = 12
_FRESH = timedelta(minutes=1)  # so long a year's figures are not counted again
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_ANSWER = (15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY)
_SOLUTION = (4 * _HOUR, 8 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, drawn: how many tickets fall between each two bounds."""

    times: Times
    bounds: tuple[timedelta, ...]
    counts: tuple[int, ...]
    bars: tuple[charts.Bar, ...]
    median: float  # percent across
    mark: float  # pixels down to where the median's mark ends, above its bar and that one's count


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that the page and the CSV show."""

    at: datetime
    weeks: tuple[Week, ...]
    lines: list[Line]  # one a week
    whole: Line
    answer: Spread
    solution: Spread
    within: timedelta | None  # the promised time
    promise: Promise
    standing: list[Standing]  # in the order of the policy

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.weeks[-1].monday + timedelta(days=6)


def routes(site: Site) -> list[Route]:
    counter = Counter(site.desk)

    def page(request: WebRequest, agent: Agent) -> Response:
        count = _chosen(request)
        sheet, policy = counter.sheet(count), site.desk.policy
        return session.page(
            site,
            request,
            agent,
            "figures",
            sheet=sheet,
            chosen=count,
            periods=PERIODS,
            weekly=charts.columns(
                [str(week.monday.isocalendar().week) for week in sheet.weeks],
                [line.opened for line in sheet.lines],
                [line.closed for line in sheet.lines],
            ),
            states=[
                (one.state, history.style(policy, one.state), row, one.oldest)
                for one, row in zip(sheet.standing, _rows(policy, sheet), strict=True)
            ],
        )

    def table(request: WebRequest, _agent: Agent) -> Response:
        sheet = counter.sheet(_chosen(request))
        name = f"figures-{sheet.weeks[0].name}-{sheet.weeks[-1].name}.csv"
        return Response(
            comma_separated(sheet),
            media_type="text/csv; charset=utf-8; header=present",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return [
        Route("/agent/figures", session.shown(site, page)),
        Route("/agent/figures.csv", session.shown(site, table)),
    ]


class Counter:
    """Counts a period's figures at most once a minute, and one at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._known: dict[int, Sheet] = {}

    def sheet(self, count: int) -> Sheet:
        with self._lock:
            known, now = self._known.get(count), self._desk.now()
            if known is None or not known.at <= now < known.at + _FRESH:
                known = self._known[count] = gather(self._desk, count, now)
            return known


def gather(desk: Desk, count: int, now: datetime) -> Sheet:
    """The figures of the last `count` weeks, that of `now` included."""
    policy = desk.policy
    weeks = figures.weeks(now, count, ZoneInfo(desk.config.desk.timezone))
    since = weeks[0].start
    final = {name for name, state in policy.states.items() if state.final}
    agents = [address for one in policy.agents for address in (one.address, *one.aliases)]
    with desk.db.reading() as tx:
        requests = rows.requests(tx, since, agents, final | {RESOLVED})
        closed = figures.closings(rows.moves(tx, since, final), final, {RESOLVED})
        standing = rows.standing(tx, final)
    closed = [one for one in closed if one.closed >= since]
    within = desk.config.desk.answer_within
    named = [*policy.states, *sorted(standing.keys() - policy.states.keys())]
    return Sheet(
        now,
        weeks,
        figures.by_week(weeks, requests, closed),
        figures.period(requests, closed),
        _spread(figures.answers(requests), _ANSWER),
        _spread([one.solved - one.opened for one in closed], _SOLUTION),
        within,
        figures.promise(requests, within, now) if within else Promise(0, 0),
        [standing[name] for name in named if name in standing],
    )


def comma_separated(sheet: Sheet) -> str:
    """The figures as RFC 4180 has them. No cell holds words that anybody wrote.

    `opened` has the time to the first answer of what was opened and answered, `closed` the time
    to the solution of what was closed; a period is written as in ISO 8601: first day/last day.
    """
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("figure", "of", "tickets", "median_seconds", "p90_seconds"))
    table.writerows(_records(sheet))
    return text.getvalue()


def _records(sheet: Sheet) -> Iterator[tuple[object, ...]]:
    names = [week.name for week in sheet.weeks]
    period = f"{sheet.weeks[0].monday}/{sheet.last}"
    for name, line in zip([*names, period], [*sheet.lines, sheet.whole], strict=True):
        yield "opened", name, line.opened, *_seconds(line.answer)
        yield "closed", name, line.closed, *_seconds(line.solution)
    if sheet.within:
        yield "answer_due", period, sheet.promise.due, "", ""
        yield "answered_in_time", period, sheet.promise.kept, "", ""
    for one in sheet.standing:
        yield "open", one.state, one.count, "", ""


def _seconds(times: Times) -> tuple[object, object]:
    median, slow = times.median, times.slow
    if median is None or slow is None:
        return "", ""
    return round(median.total_seconds()), round(slow.total_seconds())


def _chosen(request: WebRequest) -> int:
    typed = request.query_params.get("weeks", "")
    return next((one for one in PERIODS if str(one) == typed), _PERIOD)


def _spread(values: list[timedelta], bounds: tuple[timedelta, ...]) -> Spread:
    counts, times = figures.bins(values, bounds), figures.times(values)
    bars = charts.histogram(counts)
    place = figures.place(times.median or timedelta(), bounds)
    across, mark = 100 * place / len(bars), bars[int(place)].y - 20
    return Spread(times, bounds, tuple(counts), bars, round(across, 2), mark)


def _rows(policy: Policy, sheet: Sheet) -> tuple[charts.Row, ...]:
    return charts.rows([(policy.state(one.state).label, one.count) for one in sheet.standing])
