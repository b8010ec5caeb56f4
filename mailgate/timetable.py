"""Periodic work, each job every so many seconds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import Any

import schedule

from store.db import OutageError

log = logging.getLogger(__name__)

_STEADY = 3600  # seconds that no job may be away: then the wall clock went back


def keep(jobs: list[tuple[int, Callable[[], Any]]], stop: Event) -> None:
    """Runs each job every so many seconds until `stop`; one that raises comes again."""
    times = _timetable(jobs)
    while not stop.wait(1):
        if (times.idle_seconds or 0) > _STEADY:  # `schedule` counts on the wall clock
            times = _timetable(jobs)
        times.run_pending()


def _timetable(jobs: list[tuple[int, Callable[[], Any]]]) -> schedule.Scheduler:
    times = schedule.Scheduler()
    for seconds, job in jobs:
        times.every(seconds).seconds.do(_guarded, job)
    return times


def _guarded(job: Callable[[], Any]) -> None:
    """`schedule` would leave a job that raises due at once, again and again."""
    try:
        job()
    except OutageError as error:
        log.warning("%s; the periodic work comes again", error)
    except Exception:
        log.exception("periodic work failed; it comes again")
