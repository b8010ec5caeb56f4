"""Waiting for a condition instead of sleeping for luck."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout: float = 10, what: str = "") -> None:
    """Return as soon as condition() is true; AssertionError naming `what` after timeout seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(0.01)
