"""Mails of the desk: a letter goes in, the bytes that travel come out.

Every mail carries its reference three ways (design, section 7) and nothing that
its reader must not see: what is for agents alone is taken away here, before a
template, shipped or overridden, can print it.
"""

# Length: every field that a template may know stands here with its comment.
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from mailgate.mail_filters import mailto
from mailgate.mail_templates import absent, environments, problems
from mailgate.mime import Outgoing, ascii_domain, clean, serialize, verify
from mailgate.naming import city, person, without_address
from rules import reference, subject
from rules.keywords import Refusal
from rules.model import Address, Attachment, Lookalike, Reach, Storm
from rules.notify import LINKS, SIGN_IN

# Templates that answer one mail or form of their recipient.
_ANSWERS = {"opened", "late", LINKS, SIGN_IN}
_TEXT_LAYOUT = ("mail/layout.txt.j2",)
_HTML_LAYOUT = ("mail/layout.html.j2", "mail/pieces.html.j2")
_FREQUENT = ("base", "opened", "agent", "agent-opened", "note", "agent-note", "keywords")
_ANCESTORS = 50  # ids in References; some servers refuse header blocks of over 100 kB
_QUOTED = 4000  # characters of a quoted tail that an agent's mail shows
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # all but tab and line end


@dataclass(frozen=True, slots=True)
class Link:
    """A ticket of the recipient's own, with the token of his link."""

    number: int
    subject: str
    label: str  # of its state
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """All that the template of one mail to one recipient may know. See docs/templates.md."""

    template: str  # mail/LANGUAGE/NAME.j2
    tag: str  # the third bracket of the subject
    number: int  # of the ticket, 0 for a mail about none
    subject: str  # the ticket's base subject
    state: str  # a key of [states]
    state_label: str  # what people read
    recipient: Address
    to_agent: bool  # the recipient is an agent
    reference: str  # of this mail: mg- and 26 letters
    date: datetime  # aware UTC; the Date header, and the hour from which deadlines are counted
    requester: Address | None = None
    owner_name: str = ""  # the agent of the ticket, "" while there is none
    author: Address | None = None  # who speaks; None: the desk
    by_agent: bool = False  # the author is an agent
    via: str = ""  # the name of the holder whose mail or link the author used
    via_link: bool = False  # it was a link (the portal), not a mail
    text: str = ""  # what the author wrote now, or the question that a reminder is about
    quoted: str = ""  # the folded rest; agents only
    attachments: tuple[Attachment, ...] = ()  # all those of the entry that are handed on
    left_out: tuple[Attachment, ...] = ()  # the others; what a virus is called: agents only
    files: tuple[tuple[Attachment, bytes], ...] = ()  # those that ride along, with their content
    unverified: bool = False  # nothing but the subject tag shows who wrote; agents only
    automatic: bool = False  # the desk makes this mail by itself
    automatic_note: str = ""  # why the words are held to be a machine's; agents only
    lookalikes: tuple[Lookalike, ...] = ()  # whom the sender may be taken for; agents only
    quote_internal: bool = False  # the words are an internal note; agents only
    clock_stopped: bool = False  # what came in stopped a closing clock; agents only
    clock_waits: bool = False  # the requester's address fails, so that no timer goes; agents only
    reach: tuple[Reach, ...] = ()  # addresses that fail, people who are away; agents only
    reason: str = ""  # a trouble in words, "unproven" for an agent without proof; agents only
    refused: tuple[Refusal, ...] = ()  # keyword lines that were not carried out; agents only
    related: int | None = None  # another ticket of the same thread; agents only
    branch: int | None = None  # the merged ticket that it is addressed to; agents only
    opener: Address | None = None  # the agent who opened it for somebody else; agents only
    opened_for: Address | None = None  # for whom; agents only
    cc: tuple[Address, ...] = ()  # the Cc of the request; agents only
    token: str = ""  # of the recipient's link, "" for a mail without link
    ancestors: tuple[str, ...] = ()  # ids of mails that this recipient has, oldest first
    asked_at: datetime | None = None  # when the question was asked
    reminder_at: datetime | None = None
    closes_at: datetime | None = None
    closed: bool = False  # the state is final: nothing but a new opening changes it
    keywords: tuple[tuple[str, str], ...] = ()  # (keyword without #, its name); agents only
    links: tuple[Link, ...] = ()  # his open tickets, for one who lost their links
    sign_in: str = ""  # token of the link that signs an agent in; agents only


# For agents alone, and what outsiders read in its place.
_AGENTS_ONLY: dict[str, Any] = {
    "quoted": "",
    "unverified": False,
    "automatic_note": "",
    "lookalikes": (),
    "clock_stopped": False,
    "clock_waits": False,
    "reach": (),
    "reason": "",
    "refused": (),
    "related": None,
    "branch": None,
    "opener": None,
    "opened_for": None,
    "cc": (),
    "keywords": (),
    "sign_in": "",
}
_FIELDS = tuple(field.name for field in fields(Letter))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished mail. Sent again, it is the same bytes under the same id."""

    message_id: str  # without angle brackets
    subject: str
    data: bytes  # CRLF line ends

    @property
    def smtputf8(self) -> bool:
        """The server must speak SMTPUTF8 (RFC 6531): an address is not ASCII."""
        return not self.data.isascii()


# What a template knows beside the letter's fields.
DERIVED = (
    *("to_author", "to_requester", "link", "listed", "choices", "hours_left", "hours_given"),
    *("failing", "absent"),
)


class Renderer:
    """Renders the mails of one desk. Compiles each template once; safe to share by threads."""

    def __init__(
        self,
        language: str,
        timezone: str,
        desk_name: str,
        desk_address: str,
        portal_url: str,
        overrides: Path | None,
    ) -> None:
        """Takes what `worker.Settings` names.

        Raises ValueError for an unknown language or timezone.
        """
        self._language = language
        self._desk = Address(desk_address, clean(desk_name))
        self._domain = ascii_domain(desk_address)
        self._portal = portal_url.rstrip("/")
        try:
            locale, zone = Locale.parse(language), ZoneInfo(timezone)
        except (UnknownLocaleError, LookupError) as error:
            raise ValueError(f"no such language or timezone: {error}") from error
        words = {
            "language": language,
            "city": city(zone, locale),
            "desk_name": self._desk.name,
            "desk_address": desk_address,
            "portal_url": self._portal,
            "mailto": partial(mailto, desk_address),
        }
        self._words = tuple(words)
        self._overridden = overrides is not None
        self._text, self._html = environments(locale, zone, overrides, words)

    def message_id(self, letter: Letter) -> str:
        """The id that the letter's mail will have, without angle brackets."""
        return reference.message_id(letter.reference, self._domain)

    def subject(self, letter: Letter) -> str:
        """The subject that the letter's mail will have."""
        base = clean(self._cut(letter.subject))
        return clean(subject.write(self._desk.name, letter.number, letter.tag, base))

    def render(self, letter: Letter) -> Rendered:
        """The mail of one letter.

        Raises HeaderInjection if the finished bytes say something else than meant,
        ValueError for an internal note to an outsider, jinja2.TemplateError for a
        template that fails.
        """
        line = self.subject(letter)
        letter = self._for_reader(letter)
        context = self._context(letter, line)
        name = self._file(letter.template)
        text = self._text.get_template(name).render(context).rstrip()
        outgoing = Outgoing(
            sender=self._sender(letter),
            to=letter.recipient,
            subject=line,
            message_id=self.message_id(letter),
            date=letter.date,
            text=f"{text}\n\nRéf. {letter.reference}\n",
            html=self._html.get_template(name).render(context),
            in_reply_to=letter.ancestors[-1] if letter.ancestors else "",
            references=(
                reference.ancestor(letter.reference, self._domain),
                *letter.ancestors[-_ANCESTORS:],
            ),
            headers=_headers(letter),
            files=tuple((one.name, one.type, content) for one, content in letter.files),
        )
        data = serialize(outgoing)
        verify(outgoing, data)
        return Rendered(outgoing.message_id, line, data)

    def prepare(self) -> None:
        """Compiles what nearly every mail is made of, so that the first ones do not wait for it."""
        for environment, layouts in ((self._text, _TEXT_LAYOUT), (self._html, _HTML_LAYOUT)):
            for name in (*layouts, *map(self._file, _FREQUENT)):
                environment.get_template(name)

    def storm(self, one: Storm, setting: str) -> str:
        """What is too much, in the desk's language; `setting` says how much is allowed."""
        words = self._text.get_template(self._file("storms")).module
        return str(words.storm(one, one.what.partition(" ")[0], setting))  # type: ignore[attr-defined]

    def missing(self, names: Iterable[str], *, shipped: bool = True) -> list[str]:
        """What is wrong with the templates of these names, one sentence each, [] if nothing.

        Without `shipped` the files of this release count as right: its tests read them all.
        """
        if not shipped and not self._overridden:
            return absent(self._text, [self._file(name) for name in names])
        known = [*_FIELDS, *DERIVED, *self._words, "full_subject"]
        own = [self._file(name) for name in ("base", *names)]
        return problems(self._text, [*_TEXT_LAYOUT, *_HTML_LAYOUT, *own], known)

    def _file(self, template: str) -> str:
        return f"mail/{self._language}/{template}.j2"

    def _for_reader(self, letter: Letter) -> Letter:
        """The letter without what its reader must not see, its facts on one line each."""
        if letter.quote_internal and not letter.to_agent:
            raise ValueError(f"{letter.reference}: an internal note is not for {letter.recipient}")
        return replace(
            letter,
            subject=clean(self._cut(letter.subject)),
            state_label=clean(letter.state_label),
            owner_name=clean(letter.owner_name),
            text=self._cut(letter.text),
            **(self._for_agents(letter) if letter.to_agent else _withheld(letter)),
        )

    def _for_agents(self, letter: Letter) -> dict[str, Any]:
        return {
            "via": clean(letter.via),
            "quoted": _clipped(self._cut(letter.quoted)),
            "automatic_note": clean(letter.automatic_note),
            "reason": self._cut(letter.reason),
            "lookalikes": tuple(
                replace(one, shown=clean(self._cut(one.shown)), meant=clean(one.meant))
                for one in letter.lookalikes
            ),
            "refused": tuple(
                replace(one, line=clean(self._cut(one.line))) for one in letter.refused
            ),
        }

    def _cut(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return reference.cut(_UNPRINTABLE.sub(" ", text), self._portal).strip("\n")

    def _sender(self, letter: Letter) -> Address:
        if letter.automatic or letter.author is None:
            return self._desk
        name = f"{person(letter.author, letter.to_agent)} via {self._desk.name}"
        return replace(self._desk, name=name)

    def _context(self, letter: Letter, full_subject: str) -> dict[str, object]:
        author, requester, recipient = letter.author, letter.requester, letter.recipient
        riding = {one for one, _ in letter.files}
        start = letter.asked_at or letter.date
        context: dict[str, object] = {name: getattr(letter, name) for name in _FIELDS}
        return context | {
            "author": person(author, letter.to_agent) if author else None,
            "requester": person(requester, letter.to_agent) if requester else None,
            "recipient": person(recipient, letter.to_agent),
            "opener": person(letter.opener, letter.to_agent) if letter.opener else None,
            "opened_for": (
                person(letter.opened_for, letter.to_agent) if letter.opened_for else None
            ),
            "cc": tuple(person(one, letter.to_agent) for one in letter.cc),
            "failing": tuple(
                person(one.person, letter.to_agent) for one in letter.reach if one.failing_since
            ),
            "absent": tuple(
                (person(one.person, letter.to_agent), one.back_on)
                for one in letter.reach
                if one.absent(letter.date.date())
            ),
            "full_subject": full_subject,
            "to_author": author is not None and author.email == recipient.email,
            "to_requester": requester is not None and requester.email == recipient.email,
            "link": self._link(letter.token),
            "sign_in": self._link(letter.sign_in, "agent/sign-in"),
            "links": tuple(
                (one.number, self._cut(one.subject), one.label, self._link(one.token))
                for one in letter.links
            ),
            "listed": tuple(one for one in letter.attachments if one not in riding),
            "choices": tuple(
                (keyword, name, self._choice(keyword, letter.reference, full_subject))
                for keyword, name in letter.keywords
            ),
            "hours_left": _hours(letter.date, letter.closes_at),
            "hours_given": _hours(start, letter.closes_at),
        }

    def _link(self, token: str, below: str = "t") -> str:
        return f"{self._portal}/{below}/{quote(token)}" if self._portal and token else ""

    def _choice(self, keyword: str, cited: str, full_subject: str) -> str:
        """A link that prefills an agent's answer; a word behind the keyword is his to write."""
        word, blank, _ = keyword.partition(" ")
        body = f"#{word}{blank}\n\n\nRéf. {cited}"
        return mailto(self._desk.email, f"Re: {full_subject}", body)


def _withheld(letter: Letter) -> dict[str, Any]:
    """What outsiders read in place of that which is for agents alone."""
    return _AGENTS_ONLY | {
        "via": without_address(clean(letter.via)),
        "left_out": tuple(replace(one, virus="") for one in letter.left_out),
    }


def _headers(letter: Letter) -> tuple[tuple[str, str], ...]:
    # MS-OXCMAIL section 2.2.3.2.14; never OOF: an absence is worth knowing.
    suppress = ("X-Auto-Response-Suppress", "DR, RN, NRN, AutoReply")
    if not letter.automatic:  # a person's words with this header are lost on other desks
        return (suppress,)
    kind = "auto-replied" if letter.template in _ANSWERS else "auto-generated"
    return suppress, ("Auto-Submitted", kind)  # RFC 3834 section 5


def _hours(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(1, round((end - start).total_seconds() / 3600))


def _clipped(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED].rstrip()}\n[…]"
