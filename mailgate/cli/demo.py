"""`mailgate demo`: the whole desk on this computer, with three mailboxes in the browser."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Annotated

import typer

from mailgate.cli import USAGE, errors, fail, has_display, say

_PACKAGES = ("aiosmtpd", "pymap", "starlette", "uvicorn")


def demo(
    play: Annotated[
        bool,
        typer.Option("--play", help="Play the story by itself, print it, hold it to its table."),
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The page's port.")
    ] = 8025,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep everything there; otherwise nothing stays."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="The shipped one, or none.")
    ] = None,
) -> None:
    """Try the desk with embedded servers, three mailboxes and a clock to move."""
    if missing := [name for name in _PACKAGES if not find_spec(name)]:
        raise fail(
            f"the demo needs {', '.join(missing)}: run `make setup`, "
            "or pip install 'mailgate[demo]'"
        )
    with errors(), ExitStack() as stack:
        _refuse_a_real_desk(
            [*([config] if config else []), *([data / "config.toml"] if data else [])]
        )
        if data and play and (data / "demo.jsonl").exists():
            raise _usage(f"{data}: something was played there before; --play needs a new folder")
        if data and (data / "mailgate.db").exists() and not (data / "config.toml").exists():
            raise _usage(f"{data / 'mailgate.db'}: belongs to a real desk; name another folder")
        folder = data or Path(stack.enter_context(TemporaryDirectory(prefix="mailgate-demo-")))
        _make(folder)
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
        # At the end the servers are cut off, and that they are away is no news then.
        logging.getLogger("mailgate.daemon").setLevel(logging.ERROR)
        if play:
            _play(folder)
        else:
            _page(folder, port, browser and has_display())


def _make(folder: Path) -> None:
    """Makes the folder, and tries it: the servers' threads could only fail one by one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "demo.jsonl").open("ab").close()
    except OSError as error:
        raise _usage(
            f"{folder}: cannot be used: {error.strerror or error}; name another folder with --data"
        ) from None


def _refuse_a_real_desk(named: list[Path]) -> None:
    from mailgate.config import shipped

    for path in named:
        try:
            shown = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise _usage(f"{path}: cannot be read: {error.strerror or error}") from None
        if shown not in (None, shipped().encode()):
            raise _usage(
                f"{path}: is the configuration of a real desk; "
                "the demo works on the shipped one alone: leave it out, or name another folder"
            )


def _play(folder: Path) -> None:
    from mailgate.config import shipped
    from mailgate.demo import story
    from mailgate.demo.play import DifferenceError, play
    from mailgate.demo.world import NotSentError, opened
    from mailgate.signals import stopped_by_signals

    told = story.load()
    stop, due = Event(), Event()
    with (
        stopped_by_signals(stop, due),
        opened(folder, shipped(), told.number, stop, due) as world,
    ):
        try:
            play(world, told, say)
        except (DifferenceError, NotSentError) as error:
            raise fail(str(error)) from None


def _page(folder: Path, port: int, browser: bool) -> None:
    import webbrowser

    from mailgate import daemon
    from mailgate.config import shipped
    from mailgate.demo import story
    from mailgate.demo.page import served
    from mailgate.demo.world import opened
    from mailgate.signals import stopped_by_signals

    told = story.load()
    stop, due = Event(), Event()
    with (
        stopped_by_signals(stop, due),
        opened(folder, shipped(), told.number, stop, due) as world,
        served(world, told, port) as address,
    ):
        portal = world.desk.config.portal.url
        say(f"{address}  (Ctrl-C ends it)")
        say(f"{portal}  the portal; {portal}/agent for agents")
        if browser:
            webbrowser.open(address)
        daemon.keep_time(world.desk, stop, due)


def _usage(sentence: str) -> typer.Exit:
    say(sentence, err=True)
    return typer.Exit(USAGE)
