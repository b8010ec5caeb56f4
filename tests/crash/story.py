"""The scenario played once without a death, kept phase by phase: where each walk starts from."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import update

from store.db import Database
from store.tables import Mailbox
from tests.crash import scenario
from tests.crash.balance import balance, picture
from tests.crash.desk import CrashDesk
from tests.servers.smtp_rules import Mail


@dataclass
class Moment:
    """A desk between two phases."""

    folder: Path  # with its database and its maildir
    accepted: list[Mail]
    delivered: list[bytes]
    words: dict[str, int]


@dataclass
class Story:
    before: dict[str, Moment] = field(default_factory=dict)  # by the phase that comes
    pictures: dict[str, dict[str, list[Any]]] = field(default_factory=dict)  # after each phase

    def play(self, desk: CrashDesk, folder: Path) -> None:
        for phase in scenario.PHASES:
            self.before[phase.name] = _keep(desk, folder / phase.name)
            scenario.play(desk, phase)
            balance(desk)
            self.pictures[phase.name] = picture(desk)

    def restore(self, desk: CrashDesk, phase: str) -> None:
        """Makes of a new desk the one that this phase finds."""
        then = self.before[phase]
        database = Path(shutil.copy(then.folder / "database", _database(desk)))
        database.chmod(0o600)
        _copy_maildir(then.folder / "mails", desk.dovecot.maildir(desk.user))
        desk.sink._mails[:] = then.accepted
        desk.delivered, desk.words = list(then.delivered), dict(then.words)
        imap = desk.config.imap
        name = f"{imap.user}@{imap.host}/{imap.inbox}"  # as mailgate.intake.contact has it
        with closing(Database(desk.config.database_url)) as db, db.transaction() as tx:
            tx.run(update(Mailbox).values(folder=name))


def _keep(desk: CrashDesk, folder: Path) -> Moment:
    folder.mkdir()
    with closing(Database(desk.config.database_url)) as db:
        db.migrate()
    with (
        closing(sqlite3.connect(_database(desk))) as whole,  # what is still in its WAL included
        closing(sqlite3.connect(folder / "database")) as copy,
    ):
        whole.backup(copy)
    _copy_maildir(desk.dovecot.maildir(desk.user), folder / "mails")
    return Moment(folder, desk.sink.mails, list(desk.delivered), dict(desk.words))


def _database(desk: CrashDesk) -> Path:
    with closing(Database(desk.config.database_url)) as db:
        return db.path


def _copy_maildir(source: Path, target: Path) -> None:
    """With owners and times, which become INTERNALDATE; UIDs and UIDVALIDITY stay."""
    owner = source.stat()
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
