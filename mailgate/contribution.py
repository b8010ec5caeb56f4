"""A mail on its thread becomes what somebody contributes: the words that count, and whose."""

from __future__ import annotations

from mailgate import reply
from mailgate.config import Config
from mailgate.threads import Thread
from rules import reference, subject
from rules.automatic import verdict
from rules.model import Address, Contribution, Mail, Reply, Role, Standing
from rules.policy import Policy

_SUBJECT = 200  # characters kept of a subject; RFC 5322 lines end at 998
_TITLE = 60  # characters of the text that name a ticket without a subject


def contribution(
    config: Config, mail: Mail, thread: Thread, standing: Standing, *, repeat: bool
) -> Contribution:
    """What `mail` adds to its thread's ticket, or opens one with."""
    words = _words(mail, thread, standing)
    text = reference.cut(words.text, config.portal.url).strip("\n")
    return Contribution(
        author=mail.sender,
        standing=standing,
        subject=_subject(config.policy, mail, text),
        text=text,
        quoted=reference.cut(words.rest, config.portal.url).strip("\n"),
        attachments=mail.attachments,
        cc=_in_copy(config.policy, mail),
        automatic=verdict(mail),
        related=thread.related,
        answers_internal=thread.issued is not None and thread.issued.internal,
        repeat=repeat and thread.ticket is not None,
    )


def _words(mail: Mail, thread: Thread, standing: Standing) -> Reply:
    """The new text. An opening is kept whole, and so is an answer that is all quote.

    An agent's stays empty then, for what he quotes may be internal.
    """
    if thread.ticket is None:
        return Reply(mail.text)
    cut = reply.split(mail.text, mail.html)
    if cut.text or mail.attachments or standing.role in (Role.AGENT, Role.UNPROVEN):
        return cut
    return Reply(mail.text)


def _in_copy(policy: Policy, mail: Mail) -> tuple[Address, ...]:
    """Everybody else whom the mail was addressed to, each once."""
    known = {policy.address, mail.sender.email if mail.sender else ""}
    people = {person.email: person for person in (*mail.to, *mail.cc)}
    return tuple(person for email, person in people.items() if email not in known)


def _subject(policy: Policy, mail: Mail, text: str) -> str:
    base = subject.base(mail.subject, (policy.desk, *policy.former_desks), policy.tags)
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    names = [attachment.name for attachment in mail.attachments]
    title = base or first_line.strip()[:_TITLE] or ", ".join(names)[:_TITLE] or "…"
    return title[:_SUBJECT]
