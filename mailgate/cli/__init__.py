"""The command line. Libraries are imported by the command that needs them, so --help is quick."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mailgate.config import Config
    from store.db import Database

FAILED, USAGE = 1, 2  # exit codes, beside 0

ConfigOption = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The configuration file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT = Path("config.toml")


def group(sentence: str) -> typer.Typer:
    """A set of commands, with errors as one plain sentence and no box around it."""
    return typer.Typer(
        help=sentence,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def say(text: str, *, err: bool = False) -> None:
    """A text for the terminal, without what one would obey: mails, servers and file names hold
    escape sequences."""
    typer.echo("".join(c if c == "\n" or c.isprintable() else " " for c in text), err=err)


def width() -> int:
    """The columns of the terminal; as many as are wanted where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def has_display() -> bool:
    """Whether somebody sits here who would see a browser open."""
    screen = sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return sys.stdout.isatty() and screen


def load(path: Path) -> Config:
    from mailgate import config

    return config.load(path, os.environ)


@contextmanager
def database(path: Path) -> Iterator[tuple[Config, Database]]:
    """The configuration and its database, for commands that look at what is there."""
    settings = load(path)
    from store.db import Database

    with closing(Database(settings.database_url)) as db:
        db.check()
        try:
            yield settings, db
        except (ValueError, LookupError) as error:  # of a value that no row of ours has
            raise fail(f"{db.path}: holds what mailgate did not write: {_line(error)}") from None


@contextmanager
def errors() -> Iterator[None]:
    """What a user may meet, as sentences on stderr and the exit codes of the contract."""
    from mailgate.config import ConfigError

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            say(str(problem), err=True)
        raise typer.Exit(USAGE) from None
    except Exception as error:
        from mailgate.portal.bind import BindError
        from store.db import AlreadyRunningError, OutageError, WrongSchemaError

        if isinstance(error, AlreadyRunningError | BindError | OutageError | WrongSchemaError):
            raise fail(str(error)) from None
        raise


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def fail(sentence: str) -> typer.Exit:
    """Says what is wrong; the caller raises what comes back."""
    say(sentence, err=True)
    return typer.Exit(FAILED)
