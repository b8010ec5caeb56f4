"""One death at one point, the normal run after it, and the count."""

from tests.crash import scenario
from tests.crash.balance import balance, picture
from tests.crash.desk import CrashDesk
from tests.crash.points import Point
from tests.crash.story import Story


def walk(desk: CrashDesk, story: Story, point: Point, nth: int) -> None:
    """Afterwards all is as if nothing had been."""
    die(desk, story, point, nth)
    balance(desk)
    assert picture(desk) == story.pictures[point.phase]


def die(desk: CrashDesk, story: Story, point: Point, nth: int) -> None:
    """Plays the phase of `point` from where the story was, with the death in it."""
    story.restore(desk, point.phase)
    scenario.play(desk, scenario.BY_NAME[point.phase], (point, nth))
