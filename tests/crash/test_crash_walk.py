"""The process dies at each named point of the road once; the books balance all the same."""

import subprocess
import sys

import pytest

from tests.crash.desk import CrashDesk
from tests.crash.points import POINTS, Point
from tests.crash.story import Story
from tests.crash.walk import walk
from tests.process import ROOT

CASES = [
    pytest.param(point, nth, id=f"{point.phase}: {point.name}, {nth}")
    for point in POINTS
    for nth in point.calls
]


@pytest.mark.parametrize(("point", "nth"), CASES)
def test_a_death_changes_nothing(
    crash_desk: CrashDesk, story: Story, point: Point, nth: int
) -> None:
    walk(crash_desk, story, point, nth)


def test_by_hand(crash_desk: CrashDesk) -> None:
    child = [sys.executable, "-m", "tests.crash.child", "inbox empty, noted", "1"]
    ended = subprocess.run([*child, str(crash_desk.path)], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == -9
