"""A portal at work, one per test."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.portal.portal import Portal, running


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path) as one:
        yield one


@pytest.fixture
def client(portal: Portal) -> Iterator[httpx.Client]:
    with portal.client() as one:
        yield one
