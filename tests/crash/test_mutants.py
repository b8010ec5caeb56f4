"""The walk finds what it is for: with one guard taken away, a death at one point is seen."""

import pytest

from tests.crash import scenario
from tests.crash.balance import balance, picture
from tests.crash.desk import CrashDesk
from tests.crash.mutants import MUTANTS
from tests.crash.points import BY_NAME
from tests.crash.story import Story
from tests.crash.walk import die


@pytest.mark.parametrize(
    ("mutant", "point", "nth", "seen"),
    [
        pytest.param("forgetful", "(B) committed", 1, "no row took", id="forgetful"),
        pytest.param("unregistered", "mail accepted", 1, "not registered", id="unregistered"),
        pytest.param("hasty", "inside (B): entry added", 1, "without an outcome", id="hasty"),
        pytest.param("absent_minded", "taken, noted", 2, "repeated more often", id="absent minded"),
    ],
)
def test_a_death_without_the_guard_is_seen(
    crash_desk: CrashDesk, story: Story, mutant: str, point: str, nth: int, seen: str
) -> None:
    crash_desk.mutant = mutant
    die(crash_desk, story, BY_NAME[point], nth)
    with pytest.raises(AssertionError, match=seen):
        balance(crash_desk)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_without_a_death_nobody_misses_it(crash_desk: CrashDesk, story: Story, mutant: str) -> None:
    crash_desk.mutant = mutant
    story.restore(crash_desk, "mails")
    scenario.play(crash_desk, scenario.BY_NAME["mails"])
    balance(crash_desk)
    assert picture(crash_desk) == story.pictures["mails"]
