"""Letters for the tests of rendering, and finished mails as their readers have them."""

import email
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

from mailgate.render import Letter, Rendered, Renderer
from rules.keywords import Code, Refusal
from rules.model import Address, Alike, Lookalike, Reach

NOW = datetime(2026, 7, 21, 9, tzinfo=UTC)  # 11:00 in Paris
MARIE = Address("marie.dupont@fram.example", "Marie DUPONT")
SEBASTIEN = Address("sebastien@fram.example", "Sébastien")
RH = Address("rh@fram.example", "RH")
PORTAL = "https://support.fram.example"
REFERENCE = "mg-" + "a2" * 13
DEADLINES = {"asked_at": NOW, "reminder_at": NOW + timedelta(hours=48)}
DEADLINES |= {"closes_at": NOW + timedelta(hours=72)}
KEYWORDS = (
    *(("rouvrir", "open"), ("attente", "waiting"), ("résolu", "resolved"), ("garé", "parked")),
    *(("transfert ADRESSE", "transfer"), ("interne", "internal"), ("aide", "help")),
)
INTERNAL: dict[str, Any] = {  # what only agents may read
    "quoted": "INSIDE quoted",
    "automatic_note": "INSIDE automatic",
    "reason": "INSIDE reason",
    "refused": (Refusal("INSIDE refused", Code.UNKNOWN, "INSIDE nearest"),),
    "related": 777123,
    "cc": (Address("inside@cc.example", "INSIDE cc"),),
    "keywords": (("INSIDE keyword", "waiting"),),
    "unverified": True,
    "lookalikes": (Lookalike(Alike.CONFUSABLE, "INSIDE shown", "INSIDE meant"),),
    "clock_stopped": True,
    "clock_waits": True,
    "reach": (
        Reach(Address("inside@away.example", "INSIDE away"), "INSIDE", NOW, NOW, NOW.date()),
    ),
}
OUTSIDERS = (
    *"opened note reply transfer waiting resolved closed unanswered reminder".split(),  # noqa: SIM905
    *("late", "merged", "left-out", "files"),
)
AGENTS = [
    *(f"agent-{name}" for name in ("opened", "note", "internal", "late", "trouble", "help")),
    *("agent-state", "agent-files", "agent-left-out"),
]


@dataclass(frozen=True)
class Read:
    """A finished mail as its reader has it."""

    rendered: Rendered
    headers: Mapping[str, str]
    text: str
    html: str

    @property
    def visible(self) -> str:
        """The words of the HTML half, without its hidden preview."""
        body = self.html.partition("<body")[2]
        body = re.sub(r'<div style="display:none.*?</div>|<!--.*?-->', "", body, flags=re.DOTALL)
        return html.unescape(re.sub(r"<[^>]*>", " ", "<" + body))


def letter(template: str = "note", **changes: Any) -> Letter:
    agent = template.startswith("agent-")
    plain = Letter(
        template=template,
        tag="Note",
        number=1898,
        subject="Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08",
        state="open",
        state_label="En cours",
        recipient=SEBASTIEN if agent else MARIE,
        to_agent=agent,
        reference=REFERENCE,
        date=NOW,
        requester=MARIE,
        owner_name="Sébastien",
        author=MARIE if agent else SEBASTIEN,
        by_agent=not agent,
        text="Bonjour,\nquel PC ?",
        token="k3Jq9vXw2LmT8sRbYc5HdA",
        keywords=KEYWORDS if agent else (),
    )
    return replace(plain, **changes)


def renderer(language: str = "fr", portal: str = PORTAL, overrides: Path | None = None) -> Renderer:
    return Renderer(language, "Europe/Paris", "FRAM", "support@fram.example", portal, overrides)


def body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def read(one: Letter, by: Renderer | None = None) -> Read:
    rendered = (by or FRENCH).render(one)
    mail = email.message_from_bytes(rendered.data)
    bodies = [
        body(part).replace("\r\n", "\n")
        for part in mail.walk()
        if part.get_content_maintype() == "text" and not part.get_filename()
    ]
    shown = {name: str(make_header(decode_header(value))) for name, value in mail.items()}
    return Read(rendered, shown, bodies[0], bodies[1])


FRENCH, ENGLISH, NO_PORTAL = renderer(), renderer("en"), renderer(portal="")
