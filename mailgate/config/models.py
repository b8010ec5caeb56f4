"""The [sections] of config.toml: type, default, range and prose of every key.

The rows of the tables are in rows.py. docs/config.md is printed from both
(`python -m mailgate.config.docs`).
Rules that look at more than one key stand in rules.py and
policy.py.
"""

# Length: every section with the prose of every key, read from top to bottom.
from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mailgate.config.types import (
    Database,
    Duration,
    EmailAddress,
    Filled,
    Header,
    Host,
    Listed,
    Listen,
    Network,
    Pattern,
    Phrase,
    Port,
    Promised,
    Scanner,
    Size,
    SubjectPart,
    Text,
    TimeZone,
    Url,
    bind_address,
)
from rules.files import PROGRAMS

Tls = Literal["implicit", "starttls", "none"]

# IANA: imaps 993, imap 143; submissions 465, submission 587, smtp 25.
_IMAP_PORTS = {"implicit": 993}
_SMTP_PORTS = {"implicit": 465, "starttls": 587}

_THANKS = (
    *("merci", "merci beaucoup", "merci bien", "merci encore", "un grand merci", "grand merci"),
    *("merci à vous", "merci à toi", "merci à tous", "merci pour tout", "merci pour votre aide"),
    *("merci de votre aide", "merci pour ton aide", "merci pour votre réactivité"),
    *("parfait", "super", "impeccable", "nickel", "c'est bon", "tout est bon", "c'est réglé"),
    *("c'est résolu", "ça marche", "ça fonctionne", "tout fonctionne", "ok", "👍", "🙏"),
    *("thanks", "thanks a lot", "many thanks", "thanks so much", "thanks for your help"),
    *("thank you", "thank you very much", "thank you so much", "thank you for your help"),
    *("great", "perfect", "it works", "it works now", "works now", "all good", "solved", "fixed"),
)


def _imap_port(section: dict[str, Any]) -> int:
    return _IMAP_PORTS.get(section["tls"], 143)


def _smtp_port(section: dict[str, Any]) -> int:
    return _SMTP_PORTS.get(section["tls"], 25)


class Model(BaseModel):
    """What all sections share; `hide_input_in_errors` keeps secrets out of error texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Desk(Model):
    """The help desk itself: what it is called and where it is reached."""

    name: SubjectPart = Field(
        description="Stands in every subject: `[FRAM][#1898]`. A mail that carries it is threaded"
        " onto that ticket."
    )
    former_names: Annotated[tuple[SubjectPart, ...], Listed] = Field(
        default=(),
        description="Older names whose tags in subjects still count, after the desk was renamed.",
    )
    address: EmailAddress = Field(
        description="The support address: requesters write to it, every mail comes from it."
    )
    language: Literal["fr", "en"] = Field(
        default="fr", description="Language of the mails, the portal and the help articles."
    )
    timezone: TimeZone = Field(
        default="Europe/Paris", description="Time zone in which deadlines are shown."
    )
    first_ticket: int = Field(
        default=1,
        ge=1,
        le=10**9,
        description="Number of the first ticket, counted only in an empty database.",
    )
    thanks: Annotated[tuple[Phrase, ...], Listed] = Field(
        default=_THANKS,
        description="What the requester may answer to a solution to confirm it, as `#confirmer`"
        " does: the whole answer, apart from greetings, names and case. Empty: no such phrase.",
    )
    answer_within: Promised = Field(
        default=None,
        json_schema_extra={"default": '`""`'},
        description="Time within which people are promised a first answer, nights and weekends"
        " included: the agents' figures count what was in time. Empty: nothing is promised.",
    )
    admins: Annotated[tuple[EmailAddress, ...], Listed] = Field(
        default=(),
        description="Who is told when a ceiling of `[limits]` is passed. Empty: the agents.",
    )
    templates: Text = Field(
        default="",
        description="Folder whose files replace the shipped templates of the same name, relative"
        " to this file. Empty: the shipped ones alone.",
    )


class Imap(Model):
    """The mailbox that is read."""

    host: Host = Field(description="Server that holds the support mailbox.")
    tls: Tls = Field(
        default="implicit",
        description="`implicit` is TLS from the first byte, `starttls` switches to it and fails"
        " when the server cannot, `none` is clear text and allowed on this machine only.",
    )
    port: Port = Field(
        default_factory=_imap_port,
        description="Port of the server.",
        json_schema_extra={"default": "993 with `implicit`, else 143"},
    )
    user: Filled = Field(description="Login name of the mailbox.")
    password: SecretStr = Field(
        description="Password of the mailbox. Better kept out of the file: set the variable, or"
        " the variable that names a file which holds it."
    )
    inbox: Filled = Field(default="INBOX", description="Folder that new mail arrives in.")
    done: Filled = Field(
        default="Done",
        description="Folder for mails that were dealt with, on a ticket or not; made when missing.",
    )
    held: Filled = Field(
        default="Held",
        description="Folder for mails that wait for a look by `mailgate held`; made when missing.",
    )
    first_days: int = Field(
        default=7,
        ge=0,
        le=36500,
        description="At the first contact with a mailbox, mails older than this many days are held"
        " and not answered.",
    )


class Smtp(Model):
    """The server that sends."""

    host: Host = Field(description="Server that takes outgoing mail.")
    tls: Tls = Field(
        default="implicit",
        description="As in `[imap]`. A failed STARTTLS is an error, never clear text.",
    )
    port: Port = Field(
        default_factory=_smtp_port,
        description="Port of the server.",
        json_schema_extra={"default": "465 with `implicit`, 587 with `starttls`, 25 with `none`"},
    )
    user: Text = Field(default="", description="Login name. Empty: no login.")
    password: SecretStr = Field(default=SecretStr(""), description="Password of the login.")
    rate: int = Field(
        default=0, ge=0, le=100_000, description="Most mails sent per minute. 0: no limit."
    )
    attach_limit: Size = Field(
        default=10_000_000,
        json_schema_extra={"default": '`"10MB"`'},
        description="Attachments of one contribution are mailed along up to this size in all;"
        " beyond it their names and the link are.",
    )


class Store(Model):
    """The database: all state of the desk."""

    url: Database = Field(
        default="sqlite:///mailgate.db",
        description="Database file, relative to the folder of this file; `sqlite:////var/…` is an"
        " absolute path.",
    )


class Portal(Model):
    """The web pages."""

    listen: Listen = Field(
        default="127.0.0.1:8080",
        description="Where the portal listens, behind your HTTPS proxy. Empty: no portal.",
    )
    url: Url = Field(
        default="",
        description="The portal's address as readers see it, a host of its own without a path."
        " Empty: mails carry no link.",
    )
    proxies: Annotated[tuple[Network, ...], Listed] = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks of your HTTPS proxies, whose X-Forwarded-For is"
        " believed.",
    )

    @property
    def bind(self) -> tuple[str, int] | None:
        """Host and port of `listen`; None when there is no portal."""
        return bind_address(self.listen)


class Trust(Model):
    """What proves that a mail comes from the agent it names."""

    authserv_id: Text = Field(
        default="",
        description="Name that your own mail server signs its Authentication-Results header with"
        " (RFC 8601). Its aligned DMARC pass proves an agent's mail.",
    )
    accept: Header = Field(
        default="",
        description="A header that your server sets on internal mail and strips from outside mail.",
    )
    required: bool = Field(
        default=False,
        description="Refuse an agent's mail without the server's pass, whatever reference it"
        " cites. Needs `authserv_id` or `accept`.",
    )
    unproven: Literal["confirm", "obey"] = Field(
        default="confirm",
        description="What an agent's mail without proof does: `confirm` keeps it internal and asks"
        " the agent; `obey` takes From at its word, for closed mail systems only.",
    )


class Limits(Model):
    """Ceilings that protect the desk and those it writes to."""

    message: Size = Field(
        default=25_000_000,
        ge=1,
        json_schema_extra={"default": '`"25MB"`'},
        description="A larger incoming mail is held, with a reason.",
    )
    per_address_hour: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="Most mails to one outside address within an hour, those counted apart that"
        " answer its own proven mails. What agents write is never withheld.",
    )
    per_sender_hour: int = Field(
        default=200,
        ge=1,
        le=1_000_000,
        description="Most mails of one outside address within an hour that are acted on. Beyond, an"
        " answer is kept on its ticket and nobody is told, and a mail that would open one is held.",
    )
    per_ticket_hour: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="Most outside mails on one ticket within an hour that anybody is told of.",
    )
    per_desk_hour: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Most outside mails within an hour that the desk acts on, as in"
        " `per_sender_hour`. Hours are those in which mails arrived, so a backlog is no storm.",
    )
    bounces_hour: int = Field(
        default=30,
        ge=1,
        le=1_000_000,
        description="Most bounces within an hour that agents are told of; beyond, they are kept.",
    )
    forms_hour: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="Most forms of the portal that one client sends within an hour, and most"
        " tickets and link mails that are asked for with one typed address.",
    )
    upload: Size = Field(
        default=20_000_000,
        ge=0,
        json_schema_extra={"default": '`"20MB"`'},
        description="Files sent with one form of the portal, in all.",
    )


class Attachments(Model):
    """Which files are handed on, from mails and forms alike."""

    allow: Annotated[tuple[Pattern, ...], Listed] = Field(
        default=(),
        description='Endings (".pdf") and types ("image/*") that alone are admitted. Empty: all'
        " that is not denied.",
    )
    deny: Annotated[tuple[Pattern, ...], Listed] = Field(
        default=PROGRAMS,
        description="Endings and types that are left out, even if `allow` has them; a program"
        " under another name counts by its first bytes. Empty: nothing is denied.",
    )
    file: Size = Field(
        default=0, description="Larger files are left out. 0: no limit but `[limits] message`."
    )
    mail: Size = Field(
        default=0,
        description="Files of one mail or form are handed on up to this size in all, in their"
        " order. 0: no limit but `[limits] message`.",
    )
    clamd: Scanner = Field(
        default="",
        description="Where ClamAV's clamd listens: its socket's path or HOST:PORT. Files that it"
        " finds infected are kept back, and so are all while it does not answer. Empty: no scan.",
    )
    clamd_timeout: Duration = Field(
        default=timedelta(seconds=30),
        json_schema_extra={"default": '`"30s"`'},
        description="How long one file may take clamd; after that the file waits, not the mail.",
    )


SECTIONS: dict[str, type[Model]] = {
    "desk": Desk,
    "imap": Imap,
    "smtp": Smtp,
    "store": Store,
    "portal": Portal,
    "trust": Trust,
    "limits": Limits,
    "attachments": Attachments,
}
