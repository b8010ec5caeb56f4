"""Which attachments are handed on: by name, type, first bytes and size, and by a scanner's word.

What is not handed on stays in its mail, is named on its entry, and its sender is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from rules.confusables import visible
from rules.model import (
    AddEntry,
    Attachment,
    Contribution,
    Effect,
    FilesKnown,
    Role,
    Scanned,
    Tell,
    Ticket,
    Withheld,
)
from rules.notify import Occasion, tells
from rules.policy import FILES_TAG, By, On, Policy

LEFT_OUT, CHECKED = "left-out", "files"  # the templates
TEMPLATES = (LEFT_OUT, f"agent-{LEFT_OUT}", CHECKED, f"agent-{CHECKED}")
TROUBLE = "files"  # what agents are told of
_UNKNOWN = "application/octet-stream"  # RFC 2046 section 4.5.1: the sender says nothing
# What Windows runs on a double click. The mail services that people write from refuse most of it.
PROGRAMS = (
    *(".exe", ".com", ".scr", ".pif", ".cpl", ".msi", ".msp", ".msc", ".dll", ".sys"),
    *(".bat", ".cmd", ".ps1", ".psm1", ".vbs", ".vbe", ".vb", ".js", ".jse", ".wsf", ".wsh"),
    *(".wsc", ".sct", ".hta", ".lnk", ".scf", ".url", ".reg", ".chm", ".hlp", ".inf", ".ins"),
    *(".isp", ".jar", ".ade", ".adp", ".mde", ".appx", ".msix", ".gadget", ".application"),
    *(".elf", ".iso", ".img", ".vhd", ".vhdx"),
)
_REFUSED = (Withheld.KIND, Withheld.LARGE, Withheld.TOTAL, Withheld.UNSCANNABLE)
_NO_WORDS = ("reminder", "trouble")  # mails about an entry that do not relay it


@dataclass(frozen=True, slots=True)
class Limits:
    """What is admitted. A pattern is an ending (".exe") or a type ("image/png", "image/*")."""

    allow: tuple[str, ...] = ()  # lower case; none: all that is not denied
    deny: tuple[str, ...] = ()
    file: int = 0  # bytes of one file, 0 for no limit
    mail: int = 0  # bytes of a mail's files together


def screened(
    limits: Limits, files: Iterable[Attachment], types_of: Callable[[str], Collection[str]]
) -> tuple[Attachment, ...]:
    """The files, each with why it is withheld. `types_of` tells a name's MIME types."""
    room, out = limits.mail, []
    for one in files:
        why = ""
        if not admits(limits, one, types_of(_folded(one.name))):
            why = Withheld.KIND
        elif limits.file and one.size > limits.file:
            why = Withheld.LARGE
        elif limits.mail and one.size > room:
            why = Withheld.TOTAL
        else:
            room -= one.size
        out.append(replace(one, withheld=why) if why else one)
    return tuple(out)


def admits(limits: Limits, one: Attachment, named: Collection[str]) -> bool:
    """Whether a file's kind is admitted; `named` are the types that its name stands for.

    A denied ending or type is enough to refuse. With an allow list the ending has to be on
    it, or everything that is known of the type; of what systems run, the ending.
    """
    name = _folded(one.name)
    endings = [name, *([one.program] if one.program else [])]
    kinds = {one.type} - {_UNKNOWN} | set(named) or {_UNKNOWN}
    if any(_on(limits.deny, one) for one in (*endings, *kinds)):
        return False
    if not limits.allow:
        return True
    by_ending = all(_on(limits.allow, ending) for ending in endings)
    runs = one.program or _on(PROGRAMS, name)
    return by_ending or (not runs and all(_on(limits.allow, kind) for kind in kinds))


def _folded(name: str) -> str:
    """A file name as programs on the way may read it: wide letters, invisible ones left out."""
    return visible(name).lower().rstrip(". ")


def _on(patterns: tuple[str, ...], what: str) -> bool:
    return any(_is(pattern, what) for pattern in patterns)


def _is(pattern: str, what: str) -> bool:
    """An ending against a name, or a type against a type."""
    return what.endswith(pattern) if pattern.startswith(".") else fnmatchcase(what, pattern)


def told(policy: Policy, event: Contribution, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects, with a mail to the author whose files were left out, if he gets none anyway.

    Nobody whom nothing proves is told: the mail names the ticket. A virus is told to agents
    alone, for its sender is often forged.
    """
    author, role = event.author, event.standing.role
    if author is None or event.automatic or role in (Role.UNVERIFIED, Role.UNPROVEN):
        return effects
    reasons = (*_REFUSED, Withheld.INFECTED) if role is Role.AGENT else _REFUSED
    about = (
        rank
        for rank, one in enumerate(effects, start=1)
        if isinstance(one, AddEntry) and any(_matters(file, reasons) for file in one.attachments)
    )
    place = next(about, 0)
    answered = any(
        isinstance(one, Tell) and one.words and one.recipient.email == author.email
        for one in effects
    )
    if not place or answered:
        return effects
    is_agent = policy.agent(author.email) is not None
    mail = Tell(
        author,
        to_agent=is_agent,
        on=LEFT_OUT,
        tag=FILES_TAG,
        template=f"agent-{LEFT_OUT}" if is_agent else LEFT_OUT,
        row="[attachments]",
        notice=True,
        joins=False,
    )
    return (*effects[:place], mail, *effects[place:])


def _matters(one: Attachment, reasons: tuple[Withheld, ...]) -> bool:
    """A picture of the text, such as a signature's logo, is no file that anybody sent."""
    drawn = one.content_id and one.type.startswith("image/")
    return one.withheld in reasons and not drawn


def scanned(policy: Policy, ticket: Ticket, event: Scanned) -> tuple[Effect, ...]:
    """The scanner has answered at last: whoever was told of the files gets those that are clean,
    and agents learn of the others."""
    known = FilesKnown(event.entry_id, event.files, event.parts)
    fresh = [one for one in event.files if one.part in event.parts]
    mails: dict[str, Tell] = {}
    if any(not one.withheld for one in fresh):
        author = event.author.email if event.author else ""
        for mail in event.told:
            person = mail.recipient
            if mail.event in _NO_WORDS or person.email in (author, *mails):
                continue
            is_agent = policy.agent(person.email) is not None
            if event.internal and not is_agent:
                continue
            mails[person.email] = Tell(
                person,
                to_agent=is_agent,
                on=CHECKED,
                tag=FILES_TAG,
                template=f"agent-{CHECKED}" if is_agent else CHECKED,
                row="[attachments]",
                notice=True,
                joins=False,
                files=True,
            )
    bad: tuple[Tell, ...] = ()
    if any(one.withheld for one in fresh):
        agent = policy.agent(event.author.email) if event.author else None
        concerned = event.author if agent else None
        trouble = Occasion(
            On.TROUBLE, By.DESK, None, None, ticket.owner, agent=concerned, reason=TROUBLE
        )
        bad = tuple(one for one in tells(policy, trouble) if one.recipient.email not in mails)
    return (known, *mails.values(), *bad)
