"""`mailgate run` and `mailgate check`: the desk at work, and whether it can."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Annotated

import typer

from mailgate.cli import DEFAULT, FAILED, USAGE, ConfigOption, errors, load, say


def run(
    config: ConfigOption = DEFAULT,
    once: Annotated[
        bool, typer.Option("--once", help="Take everything due now, then exit.")
    ] = False,
) -> None:
    """Run the desk until SIGTERM."""
    with errors():
        settings = load(config)
        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
        for talkative in ("alembic", "imapclient"):
            logging.getLogger(talkative).setLevel(logging.WARNING)
        gc.disable()  # half a million objects that stay are walked through again and again
        from mailgate import checks, daemon
        from mailgate.desk import new_worker

        gc.freeze()
        gc.enable()
        if missing := checks.templates(settings, shipped=False):
            for problem in missing:
                say(problem, err=True)
            raise typer.Exit(USAGE)
        if not once:
            daemon.run(settings)
            return
        worker = new_worker(settings)
        worker.fork()  # nothing runs beside this yet
        try:
            read = daemon.run_once(settings, worker=worker)
        finally:
            worker.stop()
        if not read:
            raise typer.Exit(FAILED)


def check(
    config: ConfigOption = DEFAULT,
    offline: Annotated[bool, typer.Option("--offline", help="Leave the connections out.")] = False,
    wait: Annotated[
        int,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0,
            max=3600,
            help="How long a mail to the desk itself may take to come back; 0 sends none.",
        ),
    ] = 20,
) -> None:
    """Validate the configuration, the templates, the connections and the way of a mail."""
    with errors():
        settings = load(config)
        from datetime import UTC, datetime

        from mailgate import checks, daemon

        probe = daemon.new_probe(wait) if wait else None
        report = checks.check(settings, datetime.now(UTC), offline=offline, probe=probe)
    for line in report.facts:
        say(line)
    for line in report.warnings:
        say(f"warning: {line}", err=True)
    for line in report.problems:
        say(line, err=True)
    if report.problems:
        raise typer.Exit(USAGE if report.misconfigured else FAILED)
