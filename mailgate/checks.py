"""`mailgate check`: everything that can be known before the desk opens."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from mailgate import imap, roundtrip, screening, smtp
from mailgate.clamd import ScanError, TooLargeError
from mailgate.config import Config
from mailgate.config.rules import is_loopback
from mailgate.config.types import bind_address
from mailgate.daemon import imap_auth, new_token, smtp_auth
from mailgate.desk import render_settings
from mailgate.imap import GoneError, RefusedError
from mailgate.render import Renderer
from mailgate.roundtrip import Probe
from mailgate.smtp import UnreachableError
from rules import files
from rules.notify import LINKS, SIGN_IN, template_for
from rules.policy import Policy, To
from store import portal
from store.db import SCHEMA, Database, OutageError

# What every virus scanner calls a virus although it is none (eicar.org); in two pieces, so that
# none mistakes this file for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + rb"-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(slots=True)
class Report:
    """What was found, in sentences."""

    facts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    misconfigured: bool = False  # a problem lies in the desk's own files


def check(config: Config, now: datetime, *, offline: bool, probe: Probe | None = None) -> Report:
    """Looks at templates and database, and unless `offline` at both servers.

    With a `probe` it sends the desk a mail and looks whether it comes back whole. Else it
    changes nothing.
    """
    report = Report()
    report.problems += templates(config)
    report.misconfigured = bool(report.problems)
    _trust(config, report)
    _portal(config, report)
    _language(config, report)
    _database(config, report)
    if not offline:
        _imap(config, now, report)
        _smtp(config, report)
        _scanner(config, report)
        if probe and not report.problems:
            _round_trip(config, probe, report)
    else:
        report.facts.append("--offline: neither IMAP nor SMTP nor the virus scanner was asked")
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
    names = {*templates_of(config.policy), LINKS, SIGN_IN, *files.TEMPLATES}
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


def _language(config: Config, report: Report) -> None:
    """The shipped tables are French, and with them the tags of subjects and the keywords."""
    french = [row for row in config.policy.notify if "(shipped)" in row.source]
    if config.desk.language != "fr" and french:
        report.warnings.append(
            f"{config.path.name}: desk.language: the tags of subjects and the keywords of states "
            "stay French until you write [states] and notify yourself; docs/admin.md has English "
            "ones"
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


def _round_trip(config: Config, probe: Probe, report: Report) -> None:
    name = config.path.name
    try:
        with closing(smtp.Link(config.smtp, smtp_auth(config))) as link:
            secret = _secret(config)
            found = roundtrip.travel(config, imap_auth(config), secret, probe, link)
    except (GoneError, RefusedError) as error:
        report.problems.append(f"{name}: imap: {error}")
    except (UnreachableError, OutageError, ValueError) as error:
        report.problems.append(f"{name}: {error}")
    else:
        report.facts += found.facts
        report.warnings += [f"{name}: {one}" for one in found.warnings]
        report.problems += [f"{name}: {one}" for one in found.problems]


def _secret(config: Config) -> str:
    """What the daemon knows our mail by. Before the first `mailgate run` there is no database,
    and no daemon either."""
    fresh = new_token() + new_token()
    with closing(Database(config.database_url)) as db:
        if not db.path.exists() or db.revision() != SCHEMA:
            return fresh
        with db.transaction() as tx:
            return portal.secret(tx, roundtrip.PURPOSE, fresh)


def _scanner(config: Config, report: Report) -> None:
    scanner, where = screening.scanner(config), f"{config.path.name}: attachments.clamd"
    if scanner is None:
        return
    place = bind_address(config.attachments.clamd)
    if place and not is_loopback(place[0]):
        report.warnings.append(f"{where}: files travel to {place[0]} in clear text")
    try:
        report.facts.append(f"virus scanner {config.attachments.clamd}: {scanner.version()}")
        found = scanner.scan(EICAR)
    except (ScanError, TooLargeError) as error:
        report.problems.append(f"{where}: {error}; every file would wait")
        return
    if not found:
        report.warnings.append(
            f"{where}: does not know the EICAR test file; are its signatures loaded?"
        )
