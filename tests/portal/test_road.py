"""A form in the ledger: told by `why`, held when it breaks something, decided after a crash."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from mailgate import effects, intake
from mailgate.portal import road
from mailgate.portal.road import Draft, submit
from mailgate.worker import Worker
from rules.model import Credential, Outcome, Proof
from store import ledger
from store.db import SCHEMA, Database
from tests.portal.portal import MARIE, TITLE, Portal
from tests.process import mailgate


def draft(portal: Portal, words: str) -> Draft:
    return Draft(MARIE, TITLE, words, portal.desk.new_token(), portal.desk.now())


def lines(portal: Portal) -> list[tuple[str, int, str]]:
    with portal.desk.db.reading() as tx:
        rows = tx.connection.exec_driver_sql(
            "select outcome, attempts, reason from ledger order by id"
        )
        return [tuple(row) for row in rows]


def test_a_form_left_by_a_dead_process_is_decided_at_the_next_start(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.opening()
    credential = Credential(Proof.LINK, MARIE, 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "read", die)
        with pytest.raises(KeyboardInterrupt):
            submit(portal.desk, draft(portal, "Une note."), credential)
    assert lines(portal)[-1][:2] == (Outcome.TAKEN, 1)
    assert portal.notes() == []
    road.resume(portal.desk)
    assert lines(portal)[-1][:2] == (Outcome.NOTED, 2)
    (note,) = portal.notes()
    assert (note.author, note.verified, note.text) == (MARIE, True, "Une note.")
    before = portal.dump()
    road.resume(portal.desk)
    assert portal.dump() == before


def test_a_form_that_ends_the_process_is_held(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.opening()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "read", die)
        with pytest.raises(KeyboardInterrupt):
            submit(portal.desk, draft(portal, "x"), Credential(Proof.LINK, MARIE, 1))
        with pytest.raises(KeyboardInterrupt):
            road.resume(portal.desk)
    road.resume(portal.desk)
    assert lines(portal)[-1][:2] == (Outcome.HELD, 3)


def test_a_form_that_breaks_something_is_held_and_can_be_retried(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = portal.opening()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(effects, "apply", broken)
        outcome = submit(portal.desk, draft(portal, "Une note."), Credential(Proof.LINK, MARIE, 1))
    assert outcome is Outcome.HELD
    assert lines(portal)[-1][2] == "breaks the program: RuntimeError"
    with portal.desk.db.reading() as tx:
        (held,) = ledger.held(tx)
    assert intake.retry(portal.desk, held.id) is Outcome.NOTED
    (note,) = portal.notes()
    assert (note.verified, note.portal) == (True, True)
    assert portal.token(MARIE.email) == token


def test_why_knows_a_form(portal: Portal) -> None:
    portal.opening()
    with portal.desk.db.reading() as tx:
        (message_id,) = tx.connection.exec_driver_sql("select message_id from ledger").one()
    config = str(portal.desk.config.path)
    done = mailgate("why", message_id, "--config", config)
    assert "received" in done.stdout
    assert "in portal" in done.stdout
    assert "opened: was typed into the portal's form for new tickets" in done.stdout
    assert "[Nouveau]" in done.stdout


def test_a_revoked_link_is_gone_and_the_next_mail_has_another(portal: Portal) -> None:
    token = portal.opening()
    config = str(portal.desk.config.path)
    done = mailgate("ticket", "revoke", "1", MARIE.email, "--config", config)
    assert (done.returncode, done.stderr) == (0, "")
    assert token not in done.stdout + portal.token(MARIE.email)
    with portal.client() as client:
        assert client.get(f"/t/{token}").status_code == 404
    portal.say("Bonjour.")
    assert f"/t/{portal.token(MARIE.email)}".encode() in portal.data()
    assert mailgate("ticket", "revoke", "1", "eve@x.example", "--config", config).returncode == 1
    assert mailgate("ticket", "revoke", "7", MARIE.email, "--config", config).returncode == 1


def test_a_database_without_portal_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    path = tmp_path / "mailgate.db"
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path("store/migrations").resolve()))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        now = "2026-07-20 09:00:00"
        for row in (
            f"mailbox values (1, 'x', 1, 1, '{now}', null)",
            "raw values (1, 'abc', 'x')",
            f"ticket values (1, 'Titre', 'new', '{MARIE.email}', '', '', '{now}', '{now}')",
        ):
            connection.execute(text(f"insert into {row}"))
        connection.execute(
            text(
                "insert into entry (id, ticket, kind, author, author_name, via, via_name, at, text,"
                " quoted, internal, verified, automatic, pending, attachments) values"
                " (1, 1, 'note', '', '', '', '', :now, 'Oui.', '', 0, 1, '', 0, '[]')"
            ),
            {"now": now},
        )
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        assert db.revision() == SCHEMA
        from store import history

        with db.reading() as tx:
            (entry,) = history.entries(tx, 1)
    assert (entry.text, entry.portal) == ("Oui.", False)
