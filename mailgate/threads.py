"""Which ticket does a mail belong to? The first sign that holds wins.

1. A reference of ours: in In-Reply-To, in References, or in the body.
2. A Message-ID that the ticket's mails carried or cited, if the sender belongs to it.
3. The subject tag.

A form of the portal needs no sign: it was filled in on a page of the ticket, or opens one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.parse import parse
from rules import reference, subject
from rules.model import Credential, Issued, Mail, Proof, Ticket
from rules.policy import NEW, Policy
from store import history, ledger, merges, outbox, tickets
from store.work import Transaction


@dataclass(frozen=True, slots=True)
class Thread:
    """A mail's ticket, locked, and the sign that led there.

    With `branch`, the sign led to a ticket that was merged into this one: its people are
    those of the branch, and know nothing of the other ticket.
    """

    ticket: Ticket | None
    reason: str  # one sentence
    issued: Issued | None = None  # the reference that was cited first
    cited: tuple[Issued, ...] = ()  # every reference of ours that the mail cites
    by_tag: bool = False
    copied: bool = False  # the sender is known only as one in copy of the request
    related: int | None = None  # a ticket whose thread a stranger cites, or which a form follows
    credential: Credential | None = None  # what a form shows; None for a mail
    branch: Ticket | None = None  # the merged ticket that it is addressed to
    original: bool = False  # the ticket's first mail answers this one, which came later

    @property
    def home(self) -> Ticket | None:
        """The ticket whose people take part in this thread."""
        return self.branch or self.ticket


def find(
    tx: Transaction,
    policy: Policy,
    mail: Mail,
    returned: tuple[str, ...] = (),
    credential: Credential | None = None,
) -> Thread:
    """The mail's thread; without a ticket when the mail opens one.

    `returned` are the references on a mail of ours that a bounce brings back.
    """
    found = (
        _by_form(tx, credential)
        if credential
        else _by_reference(tx, mail, returned)
        or _by_ancestor(tx, mail)
        or _by_tag(tx, policy, mail)
    )
    return _followed(tx, found)


def _followed(tx: Transaction, thread: Thread) -> Thread:
    """The thread on the ticket that took its own one over, where there is one."""
    found, issued = thread.ticket, thread.issued
    branch = tickets.load(tx, issued.branch) if issued and issued.branch else None
    if found is None or not (found.merged_into or branch):
        return thread
    ticket, branch = merges.current(tx, found), branch or found
    assert ticket is not None
    reason = f"{thread.reason}; #{branch.number} was merged into #{ticket.number}"
    return replace(thread, ticket=ticket, branch=branch, reason=reason)


def _by_form(tx: Transaction, credential: Credential) -> Thread:
    if credential.ticket is None:
        reason = "was typed into the portal's form for new tickets"
        return Thread(None, reason, related=credential.related, credential=credential)
    ticket = tickets.load(tx, credential.ticket)
    if ticket is None:
        raise LookupError(f"a form for #{credential.ticket}, which does not exist")
    holder = credential.holder.email if credential.holder else "nobody"
    way = "the portal, by the link of" if credential.proof is Proof.LINK else "the board, as"
    return Thread(ticket, f"came on {way} {holder}", credential=credential)


def _by_reference(tx: Transaction, mail: Mail, returned: tuple[str, ...]) -> Thread | None:
    # The nearest first: what is answered, then the thread backwards, then the body from its top.
    places = (*returned, *mail.in_reply_to, *reversed(mail.references), mail.text, mail.html)
    named = reference.find(places)
    known = outbox.issued(tx, named) if named else {}
    cited = tuple(known[one] for one in named if one in known)
    for issued in cited:
        if ticket := tickets.load(tx, issued.ticket):
            reason = f"cites a reference given to {issued.holder.email}"
            return Thread(ticket, reason, issued=issued, cited=cited)
    return None


def _by_ancestor(tx: Transaction, mail: Mail) -> Thread | None:
    numbers = tickets.citing(tx, ids(mail))
    for number in numbers:
        known = tickets.belongs(tx, number, mail.sender.email) if mail.sender else None
        if known:
            reason = f"its thread is that of #{number}, to which its sender belongs"
            copied = known is tickets.Belongs.COPIED
            ticket = tickets.load(tx, number)
            original = copied and not mail.cited and _precedes(tx, mail, ticket)
            return Thread(ticket, reason, copied=copied, original=original)
    if numbers:
        reason = f"its thread is that of #{numbers[0]}, to which its sender does not belong"
        return Thread(None, reason, related=numbers[0])
    return None


def ids(mail: Mail) -> tuple[str, ...]:
    """The Message-IDs that may be known to a ticket."""
    return (*mail.in_reply_to, *mail.references, mail.message_id)


def _precedes(tx: Transaction, mail: Mail, ticket: Ticket | None) -> bool:
    """Whether a colleague's answer to this mail opened the ticket, and went to both.

    That answer cites it: an id that the ticket's own mails had, or that came to it later, is
    at anybody's disposal who was in copy. Once an agent has answered, those words are for the
    colleague, who stays the requester; and where the ticket was merged, the other one is whose
    it was.
    """
    if ticket is None or ticket.requester is None or ticket.state != NEW or ticket.merged_into:
        return False
    if ticket.requester.email not in {person.email for person in (*mail.to, *mail.cc)}:
        return False
    opening = history.opening(tx, ticket.number)
    if opening is None or opening.raw_id is None:
        return False
    return mail.message_id in parse(ledger.raw(tx, opening.raw_id)).cited


def _by_tag(tx: Transaction, policy: Policy, mail: Mail) -> Thread:
    numbers = subject.find(mail.subject, (policy.desk, *policy.former_desks))
    if len(numbers) > 1:
        return Thread(None, "names several tickets in its subject and cites none")
    for number in numbers:
        if ticket := tickets.load(tx, number):
            return Thread(ticket, f"carries the tag of #{number} and no other proof", by_tag=True)
        return Thread(None, f"carries the tag of #{number}, which does not exist")
    return Thread(None, "carries no reference, thread or tag of a ticket")
