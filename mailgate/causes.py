"""What a decision is made on: a mail on its thread, or a clock that rings."""

from __future__ import annotations

from dataclasses import replace

from mailgate import authentication, htmltext, threads, trust
from mailgate.bounces import Bounce
from mailgate.contribution import contribution
from mailgate.desk import Desk
from mailgate.effects import Cause, Source
from mailgate.parse import parse
from mailgate.threads import Thread
from rules.model import (
    Contribution,
    Mail,
    Pending,
    Role,
    Standing,
    Taken,
    Ticket,
    Undelivered,
)
from store import history, ledger, outbox, tickets
from store.work import Transaction

_CITED = 5  # mails of ours that are read again; an answer quotes one or two


def of_mail(
    tx: Transaction,
    desk: Desk,
    taken: Taken,
    mail: Mail,
    thread: Thread,
    bounce: Bounce | None,
) -> tuple[Contribution, Cause]:
    """The contribution that a mail makes on its thread, with what it confirms or returns."""
    server = authentication.vouched(desk.config.trust, mail)
    standing = trust.standing(desk.config, mail, thread, server)
    event = contribution(
        desk.config, mail, thread, standing, _answered(tx, thread), lambda: _sent(tx, thread)
    )
    source = Source(taken.raw, taken.raw_id, mail.message_id, mail.cited)
    original: Source | None = None
    if thread.ticket:
        if bounce and bounce.failed:
            event = replace(event, undelivered=_undelivered(tx, bounce))
        if standing.role is Role.AGENT and not event.automatic:
            pending, original = _confirmed(tx, desk, mail, thread, thread.ticket)
            event = replace(event, confirms=pending)
    return event, Cause(event, source, original)


def of_clock(tx: Transaction, desk: Desk, ticket: Ticket) -> Cause:
    """What a timer reminds of: the last words of an agent that the requester can see."""
    agents = [
        address for agent in desk.policy.agents for address in (agent.address, *agent.aliases)
    ]
    return Cause(about=history.question(tx, ticket.number, agents))


def _answered(tx: Transaction, thread: Thread) -> tuple[str, ...]:
    """The texts of the mails of ours to agents that may be quoted: the one that is answered,
    and internal ones further back, of which nothing must go on."""
    return tuple(
        parse(outbox.data(tx, one.reference)).text
        for one in thread.cited
        if one.to_agent and (one == thread.issued or one.internal)
    )


def _sent(tx: Transaction, thread: Thread) -> tuple[str, ...]:
    """The texts of the mails of ours that are cited, those of both their halves."""
    mails = [parse(outbox.data(tx, one.reference)) for one in thread.cited[:_CITED]]
    return tuple(text for mail in mails for text in (mail.text, htmltext.text(mail.html)))


def _undelivered(tx: Transaction, bounce: Bounce) -> Undelivered | None:
    """The mail of ours that came back; None when it was none of ours."""
    for reference in bounce.references:
        if mail := outbox.by_reference(tx, reference):
            failure = bounce.failed[0]
            words = " ".join(part for part in (failure.status, failure.diagnostic) if part)
            quiet = outbox.issued(tx, [reference])[reference].automatic
            return Undelivered(mail.recipient, reference, words or "undeliverable", quiet)
    return None


def _confirmed(
    tx: Transaction, desk: Desk, answer: Mail, thread: Thread, ticket: Ticket
) -> tuple[Pending, Source] | tuple[None, None]:
    """An agent's earlier words on this ticket that wait for the proof which his answer is.

    His own words alone: a colleague may have sent him the question about theirs.
    """
    agent = desk.policy.agent(answer.sender.email) if answer.sender else None
    for issued in thread.cited:
        if agent is None or issued.holder.email != agent.address:
            continue
        raw_id = tickets.pending(tx, issued.pending) if issued.pending else None
        if raw_id is None or issued.ticket != ticket.number:
            continue
        raw = ledger.raw(tx, raw_id)
        mail = parse(raw)
        proven = Standing(Role.AGENT, verified=True, reason="confirmed by its author's answer")
        again = threads.find(tx, desk.policy, mail)
        words = contribution(
            desk.config, mail, Thread(ticket, proven.reason), proven, _answered(tx, again)
        )
        source = Source(raw, raw_id, mail.message_id, mail.cited)
        return Pending(issued.pending, words), source
    return None, None
