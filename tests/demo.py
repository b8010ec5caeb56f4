"""Hands for tests of `mailgate demo`: a demo that runs, its story, and requests to its page."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from urllib.parse import urlencode, urlsplit

import pytest

from mailgate.config import shipped
from mailgate.demo import story as stories
from mailgate.demo.page import served
from mailgate.demo.story import Story
from mailgate.demo.world import World, opened

DESK = "support@fram.example"


@contextmanager
def demo(folder: Path, text: str = "") -> Iterator[World]:
    with opened(folder, text or shipped(), 1898, Event(), Event()) as world:
        yield world


def ask(
    url: str, path: str = "/", form: dict[str, str] | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    """(status, body, headers); `headers` by name with _ for -."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST" if form is not None else "GET", path, urlencode(form or {}), sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {k.lower(): v for k, v in answer.getheaders()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo(tmp_path) as running:
        yield running


@pytest.fixture
def story() -> Story:
    return stories.load()


@pytest.fixture
def url(world: World, story: Story) -> Iterator[str]:
    with served(world, story, 0) as address:
        yield address
