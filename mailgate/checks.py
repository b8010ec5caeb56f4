"""`mailgate check`: everything that can be known before the desk opens."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from mailgate import imap, smtp
from mailgate.config import Config
from mailgate.daemon import imap_auth, smtp_auth
from mailgate.desk import render_settings
from mailgate.imap import GoneError, RefusedError
from mailgate.render import Renderer
from mailgate.smtp import UnreachableError
from rules.notify import LINKS, template_for
from rules.policy import Policy, To
from store.db import SCHEMA, Database, OutageError


@dataclass(slots=True)
class Report:
    """What was found, in sentences."""

    facts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    misconfigured: bool = False  # a problem lies in the desk's own files


def check(config: Config, now: datetime, *, offline: bool) -> Report:
    """Looks at templates and database, and unless `offline` at both servers. Changes nothing."""
    report = Report()
    report.problems += templates(config)
    report.misconfigured = bool(report.problems)
    _trust(config, report)
    _portal(config, report)
    _database(config, report)
    if not offline:
        _imap(config, now, report)
        _smtp(config, report)
    if not report.problems:
        report.facts.append(f"{config.path.name}: the desk {config.desk.name} can open")
    return report


def templates_of(policy: Policy) -> set[str]:
    """The templates that the policy's rows may ask for."""
    agents = (To.AGENTS, To.OWNER, To.AGENT)
    return {
        template_for(row, to, is_agent=is_agent)
        for row in policy.notify
        for to in row.to
        for is_agent in ([True] if to in agents else [False, True])
    }


def templates(config: Config, *, shipped: bool = True) -> list[str]:
    """What is wrong with the templates that the policy's mails are made from, in sentences.

    Without `shipped` those of this release are not read: it takes a quarter of a second.
    """
    renderer = Renderer(*render_settings(config))
    names = {*templates_of(config.policy), LINKS}
    return renderer.missing(sorted(names), shipped=shipped)


def _trust(config: Config, report: Report) -> None:
    trust = config.trust
    if trust.unproven == "obey":
        report.warnings.append(
            f'{config.path.name}: trust.unproven: "obey" takes every From at its word; '
            "only for a closed mail system where From cannot be forged"
        )
    if not trust.authserv_id and not trust.accept:
        report.warnings.append(
            f"{config.path.name}: trust: is empty, so an agent is known only by answering the "
            "desk's mails; set authserv_id or accept if your mail server vouches for senders"
        )


def _portal(config: Config, report: Report) -> None:
    portal = config.portal
    if portal.bind and not portal.url:
        report.warnings.append(
            f"{config.path.name}: portal.url: is empty, so no mail carries a link; "
            "set the address at which readers reach the portal"
        )
    if portal.url.startswith("http://") and not _local(portal.url):
        report.warnings.append(
            f"{config.path.name}: portal.url: links travel in clear text over http; "
            "put a proxy with HTTPS before the portal"
        )


def _local(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _database(config: Config, report: Report) -> None:
    with closing(Database(config.database_url)) as db:
        if not db.path.parent.is_dir():
            report.problems.append(f"{db.path.parent}: there is no such folder for the database")
        elif not os.access(db.path if db.path.exists() else db.path.parent, os.W_OK):
            report.problems.append(f"{db.path}: cannot be written; check its owner and mode")
        elif not db.path.exists():
            report.facts.append(f"{db.path}: no database yet; `mailgate run` makes it")
        else:
            try:
                revision = db.revision()
            except OutageError as error:
                report.problems.append(f"{db.path}: {error}")
                return
            if revision > SCHEMA:
                report.problems.append(
                    f"{db.path}: was made by a newer mailgate (schema {revision}, "
                    f"this one knows {SCHEMA}); install that version"
                )


def _imap(config: Config, now: datetime, report: Report) -> None:
    days = config.imap.first_days
    try:
        with imap.connect(config.imap, imap_auth(config), Counter(), readonly=True) as mailbox:
            waiting = len(mailbox.search())
            old = mailbox.older_than(now - timedelta(days=days))
    except (GoneError, RefusedError) as error:
        report.problems.append(f"{config.path.name}: imap: {error}")
        return
    report.facts.append(f"IMAP {config.imap.host}: login works, {waiting} mails in the inbox")
    if old:
        report.facts.append(
            f"{old} of them are older than {days} days: a first contact holds those unanswered"
        )


def _smtp(config: Config, report: Report) -> None:
    with closing(smtp.Link(config.smtp, smtp_auth(config))) as link:
        try:
            link.open()
        except UnreachableError as error:
            report.problems.append(f"{config.path.name}: smtp: {error}")
            return
    done = "login works" if config.smtp.user else "answers; no login, as smtp.user is empty"
    report.facts.append(f"SMTP {config.smtp.host}: {done}")
