"""The demo's page in Debian's chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.seed import seed as seed
from tests.demo import story as story
from tests.demo import url as url
from tests.demo import world as world
from tests.portal.portal import Portal, running


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed: run scripts/debian-packages")
    with sync_playwright() as driver:
        # Its own sandbox does not start as root, which containers are.
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()
