"""Rules on the sections of config.toml that look at more than one key.

Each takes the valid parts of a configuration (what is broken is reported
already) and reports what does not fit together.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from mailgate.config.models import Desk, Imap, Model, Smtp, Store, Trust
from mailgate.config.problems import Report
from mailgate.config.rows import AgentRow
from mailgate.config.toml_lines import Loc

_SQLITE = "sqlite:///"


def check_sections(
    sections: Mapping[str, Model], agents: Mapping[int, AgentRow], folder: Path, report: Report
) -> None:
    """Check the valid sections by name and the valid agents by rank; `folder` is the file's."""
    desk = sections.get("desk")
    for section in sections.values():
        match section:
            case Desk():
                _templates(section, folder, report)
                _admins(section, report)
            case Imap():
                _clear_text("imap", section, report)
                _folders(section, report)
            case Smtp():
                _clear_text("smtp", section, report)
                _login(section, report)
            case Store():
                _database(section, folder, report)
            case Trust():
                _trust(section, report)
    _agents(agents, desk.address if isinstance(desk, Desk) else "", report)


def database_url(url: str, folder: Path) -> str:
    """`url` of the store with an absolute path; `folder` is the configuration file's."""
    path = os.path.normpath(folder / url.removeprefix(_SQLITE))
    return _SQLITE + path


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine (RFC 1122 section 3.2.1.3, RFC 6761 section 6.3)."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long, a folder above that may not be entered
        return False


def _templates(desk: Desk, folder: Path, report: Report) -> None:
    if desk.templates and not _is_folder(folder / desk.templates):
        report.add(
            ("desk", "templates"),
            f'there is no folder {folder / desk.templates}; make it, or write templates = ""',
        )


def _clear_text(name: str, section: Imap | Smtp, report: Report) -> None:
    if section.tls == "none" and not is_loopback(section.host):
        report.add(
            (name, "tls"),
            '"none" sends passwords and mails in clear text and is allowed only on this machine'
            f' (127.0.0.1, ::1, localhost), not for "{section.host}";'
            ' write tls = "implicit" or "starttls"',
        )


def _folders(imap: Imap, report: Report) -> None:
    seen: dict[str, str] = {}
    for key in ("inbox", "done", "held"):
        folder: str = getattr(imap, key)
        # RFC 3501 section 5.1: INBOX is the same in any case; many servers fold all names.
        other = seen.setdefault(folder.casefold(), key)
        if other != key:
            report.add(("imap", key), f'names the same folder as imap.{other}: "{folder}"')


def _login(smtp: Smtp, report: Report) -> None:
    if smtp.user and not smtp.password.get_secret_value():
        report.add(
            ("smtp", "password"),
            "is missing while smtp.user is set; write it, or set MAILGATE_SMTP__PASSWORD_FILE"
            ' (no login at all: user = "")',
        )


def _database(store: Store, folder: Path, report: Report) -> None:
    url = database_url(store.url, folder)
    parent = Path(url.removeprefix(_SQLITE)).parent
    if "?" in url:
        report.add(("store", "url"), f'the path {parent} holds a "?"; choose another folder')
    elif not _is_folder(parent):
        report.add(("store", "url"), f"there is no folder {parent}; make it or name another one")


def _trust(trust: Trust, report: Report) -> None:
    if trust.required and not (trust.authserv_id or trust.accept):
        report.add(
            ("trust", "required"),
            "would refuse every agent: set trust.authserv_id or trust.accept too",
        )


def _admins(desk: Desk, report: Report) -> None:
    for index, address in enumerate(desk.admins):
        if address == desk.address:
            report.add(
                ("desk", "admins", index),
                f"\"{address}\" is the desk's own address; give an admin's",
            )


def _agents(agents: Mapping[int, AgentRow], desk: str, report: Report) -> None:
    owner: dict[str, int] = {}
    for rank, agent in agents.items():
        places: dict[Loc, str] = {("agents", rank, "address"): agent.address}
        for index, alias in enumerate(agent.aliases):
            places["agents", rank, "aliases", index] = alias
        for loc, address in places.items():
            if address == desk:
                report.add(loc, f'"{address}" is the desk\'s own address; give the agent another')
            elif address in owner:
                first = owner[address] + 1
                report.add(loc, f'"{address}" stands at agents[{first}] already; keep one')
            owner.setdefault(address, rank)
