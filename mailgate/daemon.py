"""The daemon: wiring and threads. The one place that makes `now`, references and tokens.

One thread takes mail in, one sends it out, one sees to files that wait for the virus scanner,
the main thread runs the periodic work. Each of them loops over a `step` and waits on an event;
what breaks a loop is logged, and the loop starts again after a pause that grows to a minute.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

from mailgate import imap, intake, rescan, screening, smtp, ticker, timetable
from mailgate.config import Config
from mailgate.delivery import Courier, catch_up
from mailgate.desk import Desk, new_worker, render_settings
from mailgate.imap import GoneError, RefusedError
from mailgate.intake import Life
from mailgate.render import Renderer
from mailgate.roundtrip import Probe
from mailgate.signals import stopped_by_signals
from mailgate.smtp import UnreachableError
from mailgate.worker import Worker
from rules import reference
from store import outbox
from store.db import Database, OutageError

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0  # seconds between two tries at a server that is away
_AGAIN = 1.0  # seconds before a mailbox is asked again for a mail that it did not hand out
_LOOK = 5  # seconds between two looks for timers and retries that are due
_SCAN = 15  # seconds between two looks for files that wait for the virus scanner

# What a server or the database may do at any time: said in one line, tried again.
PASSING = (GoneError, RefusedError, OutageError, UnreachableError)


def wall_clock() -> datetime:
    return datetime.now(UTC)


def new_reference() -> str:
    return reference.encode(secrets.token_bytes(16))


def new_token() -> str:
    return secrets.token_urlsafe(16)


def new_probe(seconds: float) -> Probe:
    """What one `mailgate check` sends the desk, and how long it waits for it."""
    return Probe(new_reference(), secrets.token_hex(8), seconds, wall_clock())


def open_desk(
    config: Config,
    db: Database,
    now: Callable[[], datetime] = wall_clock,
    *,
    worker: Worker | None = None,
) -> Desk:
    """The desk on its database, with real randomness; `now` is aware."""
    return Desk(
        config=config,
        db=db,
        renderer=Renderer(*render_settings(config)),
        worker=worker or new_worker(config),
        screen=screening.screen(config),
        now=now,
        new_reference=new_reference,
        new_token=new_token,
    )


def imap_auth(config: Config) -> imap.Auth:
    return imap.password_auth(config.imap.user, config.imap.password.get_secret_value())


def smtp_auth(config: Config) -> smtp.Auth:
    return smtp.password_auth(config.smtp.user, config.smtp.password.get_secret_value())


def run(config: Config) -> None:
    """Works until SIGTERM or SIGINT; then the mail in hand is finished.

    Raises OutageError, WrongSchemaError, AlreadyRunningError or BindError when it cannot start.
    """
    from mailgate.portal import serve  # `run --once` needs no web server

    stop, due = Event(), Event()
    with stopped_by_signals(stop, due), closing(Database(config.database_url)) as db:
        db.migrate()
        desk = open_desk(config, db)
        with db.running(), serve.served(desk, due.set), at_work(desk, stop, due):
            log.info("the desk %s <%s> is open", config.desk.name, config.desk.address)
            keep_time(desk, stop, due)
    log.info("the desk is closed")


@contextmanager
def at_work(desk: Desk, stop: Event, due: Event) -> Iterator[None]:
    """Threads take mail in, send it out and see to files that wait for the virus scanner while
    the block runs; `due` wakes delivery.

    Setting `stop` and `due` ends them, and so does the end of the block, which waits until
    the mail in hand is finished.
    """
    _take_over(desk)
    threads = [
        Thread(target=_take_in, args=(desk, stop, due), name="intake"),
        Thread(target=_send_out, args=(desk, stop, due), name="delivery"),
        Thread(target=_scan_again, args=(desk, stop, due), name="scanner"),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        due.set()
        for thread in threads:
            thread.join()
        desk.worker.stop()


def keep_time(desk: Desk, stop: Event, due: Event) -> None:
    """Does the periodic work until `stop`."""
    timetable.keep([(_LOOK, lambda: tick(desk, due))], stop)


def tick(desk: Desk, due: Event) -> None:
    """Fires timers, and wakes delivery for their mails and for retries that are due."""
    try:
        ticker.step(desk)
    finally:
        due.set()


def run_once(
    config: Config, now: Callable[[], datetime] = wall_clock, *, worker: Worker | None = None
) -> bool:
    """Takes everything due now: mails in, timers, mails out. False when the mailbox fails.

    `worker` is the desk's where it has one already; it may have been started. Raises
    OutageError, WrongSchemaError or AlreadyRunningError.
    """
    stop, due = Event(), Event()
    with stopped_by_signals(stop, due), closing(Database(config.database_url)) as db:
        db.migrate()
        with db.running():
            desk = open_desk(config, db, now, worker=worker)
            _take_over(desk)
            try:
                with _sending(desk, stop, due):
                    read = _empty_mailbox(desk, stop, due)
                    rescan.step(desk)
                    ticker.step(desk)
            finally:
                desk.worker.stop()
    return read


def _empty_mailbox(desk: Desk, stop: Event, due: Event) -> bool:
    trouble: Counter[int] = Counter()
    life: Life | None = None
    while True:
        before = trouble.total()
        try:
            with imap.connect(desk.config.imap, imap_auth(desk.config), trouble) as mailbox:
                life = intake.contact(desk, mailbox, life)
                while not stop.is_set() and intake.step(desk, mailbox, life):
                    if desk.worker.ready():  # few mails go out once all have come in
                        due.set()
                intake.finish(desk, mailbox, life)
                intake.refile(desk, mailbox)
            return True
        except (GoneError, RefusedError) as error:
            # A mail that the server does not hand out must not stop those behind it.
            one_mail = trouble.total() > before
            log.log(logging.WARNING if one_mail else logging.ERROR, "%s", error)
            if not one_mail or stop.wait(_AGAIN):
                return False


@contextmanager
def _sending(desk: Desk, stop: Event, due: Event) -> Iterator[None]:
    """Mails go out whenever the block sets `due`, and what is left when it ends."""
    last = Event()
    with ThreadPoolExecutor(1, "delivery") as beside:
        sent = beside.submit(_empty_outbox, desk, stop, due, last)
        try:
            yield
        finally:
            last.set()
            due.set()
    sent.result()


def _empty_outbox(desk: Desk, stop: Event, due: Event, last: Event) -> None:
    with closing(smtp.Link(desk.config.smtp, smtp_auth(desk.config))) as link:
        courier = Courier(desk, link)
        try:
            once_more = True
            while once_more and not stop.is_set():
                due.wait()
                due.clear()
                once_more = not last.is_set()
                while not stop.is_set() and courier.step(stop):
                    pass
        except UnreachableError as error:
            log.warning("%s; the mails wait", error)


def _take_in(desk: Desk, stop: Event, due: Event) -> None:
    trouble: Counter[int] = Counter()
    life: Life | None = None

    def session(again: Callable[[], None]) -> None:
        nonlocal life
        with imap.connect(desk.config.imap, imap_auth(desk.config), trouble) as mailbox:
            life = intake.contact(desk, mailbox, life)
            while not stop.is_set():
                if intake.step(desk, mailbox, life):
                    due.set()
                    continue
                again()
                intake.refile(desk, mailbox)
                mailbox.wait(stop)
            intake.finish(desk, mailbox, life)

    _for_ever(session, stop)


def _send_out(desk: Desk, stop: Event, due: Event) -> None:
    courier = Courier(desk, smtp.Link(desk.config.smtp, smtp_auth(desk.config)))

    def session(again: Callable[[], None]) -> None:
        with closing(courier.link):
            while not stop.is_set():
                due.clear()
                while courier.step(stop):
                    pass
                again()
                due.wait()

    _for_ever(session, stop)


def _scan_again(desk: Desk, stop: Event, due: Event) -> None:
    def session(again: Callable[[], None]) -> None:
        while not stop.wait(_SCAN):
            while not stop.is_set() and rescan.step(desk):
                due.set()
            again()

    _for_ever(session, stop)


def _for_ever(session: Callable[[Callable[[], None]], None], stop: Event) -> None:
    """Runs `session` until `stop`, with growing pauses between its failures.

    The session calls what it is given once it has worked: the next pause is short again.
    """
    pause = 1.0

    def again() -> None:
        nonlocal pause
        pause = 1.0

    while not stop.is_set():
        try:
            session(again)
        except PASSING as error:
            log.warning("%s; next try in %d s", error, pause)
        except Exception:
            log.exception("unexpected; next try in %d s", pause)
        if stop.wait(pause):
            return
        pause = min(2 * pause, _LONGEST_PAUSE)


def _take_over(desk: Desk) -> None:
    catch_up(desk)
    with desk.db.transaction() as tx:
        left = outbox.take_over(tx)
    if left:
        log.warning("%d mails were in hand when the last process ended; they are due again", left)
