"""What a decision is made on: a mail on its thread, or a clock that rings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from mailgate import authentication, forwards, htmltext, roundtrip, threads, trust
from mailgate.attachments import contents
from mailgate.bounces import Bounce, Failure
from mailgate.cause import Cause, Files, Source
from mailgate.contribution import contribution, for_another
from mailgate.desk import Desk
from mailgate.parse import parse
from mailgate.reading import Reading
from mailgate.threads import Thread
from mailgate.verdicts import Judged
from rules import absence, automatic_text, lookalikes
from rules.keywords import names_requester
from rules.model import (
    Absence,
    Contribution,
    Entry,
    EntryKind,
    Issued,
    Kind,
    Mail,
    Merging,
    Pending,
    Role,
    Standing,
    Ticket,
    Undelivered,
)
from store import history, ledger, merges, outbox, portal, tickets
from store.work import Transaction

_CITED = 5  # mails of ours that are read again; an answer quotes one or two


def of_mail(
    tx: Transaction,
    desk: Desk,
    reading: Reading,
    mail: Mail,
    thread: Thread,
) -> tuple[Contribution, Cause]:
    """The contribution that a mail makes on its thread, with what it confirms or returns."""
    taken, judged = reading.taken, reading.judged
    server = authentication.vouched(desk.config.trust, mail)
    standing = trust.standing(desk.config, mail, thread, server)
    event = contribution(
        desk.config,
        mail,
        thread,
        standing,
        _answered(tx, thread),
        lambda: _sent(tx, thread),
        judged.verdict,
        reading.cut,
    )
    own = _check(tx, desk, mail)
    event = replace(event, vouched=trust.vouched(standing, thread, server), check=own)
    if standing.role is not Role.AGENT:
        people = tickets.people(tx, thread.home.number) if thread.home else ()
        found = lookalikes.find(desk.policy, mail.sender, mail.senders, people)
        event = replace(event, lookalikes=found)
    if thread.ticket is None:
        event = _for_another(
            desk, mail, taken.raw, event, trust.agent(desk.config, mail, thread, server)
        )
    files = partial(_files, reading.files, taken.raw)
    source = _source(event, mail, files, taken.raw_id)
    original: Source | None = None
    about: Entry | None = None
    if thread.ticket:
        event = _with_machines_news(tx, event, mail, thread, judged)
        if standing.role is Role.AGENT and not event.automatic:
            pending, original = _confirmed(tx, desk, mail, thread, thread.ticket)
            if pending:  # he may be his ticket's requester too
                words, about = _with_orders(tx, pending.contribution, thread.ticket)
                pending = replace(pending, contribution=words)
                event = replace(event, confirms=pending, standing=standing)
            else:
                event, about = _with_orders(tx, event, thread.ticket)
    return event, Cause(event, source, original, about)


def _check(tx: Transaction, desk: Desk, mail: Mail) -> bool:
    """Whether `mailgate check` sent this mail from here."""
    if mail.sender is None or mail.sender.email != desk.policy.address:
        return False
    return roundtrip.is_ours(portal.secret(tx, roundtrip.PURPOSE, ""), mail.subject)


def _for_another(
    desk: Desk, mail: Mail, raw: bytes, event: Contribution, standing: Standing
) -> Contribution:
    """A new mail as it opens a ticket: an agent's may be for the one whose mail it forwards."""
    policy = desk.policy
    if event.automatic or event.author is None or policy.agent(event.author.email) is None:
        return event
    asked = names_requester(event.text)
    forward = forwards.read(policy, mail, raw, asked=asked)
    if asked or (forward and forward.author):
        return for_another(desk.config, event, standing, forward)
    return event


def _files(known: Mapping[str, bytes], raw: bytes, parts: Collection[str]) -> Mapping[str, bytes]:
    return known if all(one in known for one in parts) else contents(raw, parts)


def _source(event: Contribution, mail: Mail, files: Files, raw_id: int) -> Source:
    """The mail behind an event. An attached mail that it forwards is part of the thread."""
    inner = event.forward.message_id if event.forward else ""
    return Source(files, raw_id, mail.message_id, (*mail.cited, *([inner] if inner else [])))


def _with_orders(
    tx: Transaction, event: Contribution, ticket: Ticket
) -> tuple[Contribution, Entry | None]:
    """What an agent's orders need to know: the ticket to merge with, the words that opened his."""
    orders = event.orders
    if orders is None:
        return event, None
    if orders.merge:
        people = merges.people(tx, ticket.number)
        target = tickets.load(tx, orders.merge)
        return replace(event, merging=Merging(target, people)), None
    opening = history.opening(tx, ticket.number) if orders.requester else None
    if opening is None or opening.internal:
        return event, None
    return replace(event, opening_shown=True), opening


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


def _with_machines_news(
    tx: Transaction, event: Contribution, mail: Mail, thread: Thread, judged: Judged
) -> Contribution:
    """What a program tells beside its text: a mail that came back, a reader who is away."""
    verdict, bounce = judged.verdict, judged.bounce
    if verdict is None:
        return event
    if verdict.kind is Kind.BOUNCE and bounce:
        if bounce.harmless:
            return replace(event, harmless=True)
        return replace(event, undelivered=_undelivered(tx, bounce, thread))
    # Somebody else's machine, to which a mail of ours was passed on, says nothing of its reader.
    own = thread.issued is None or thread.issued.holder.email == (mail.sender and mail.sender.email)
    known = mail.sender if own and not thread.by_tag else None
    answers = verdict.kind in (Kind.AUTO_REPLY, Kind.GENERATED)  # Exchange calls them generated
    if answers and known and automatic_text.of_absence(mail):
        sent = mail.date.date() if mail.date else None
        said = f"{mail.subject}. {event.text}"
        back_on = absence.back_on(said, sent) if sent else None
        return replace(event, absence=Absence(known.email, back_on))
    return event


def _undelivered(tx: Transaction, bounce: Bounce, thread: Thread) -> Undelivered | None:
    """The mail of ours that came back; None when it was none of ours.

    Anybody can write a bounce: only one that has the reference of a mail that was handed to a
    server, and that names its recipient or nobody, says anything of that address.
    """
    references = (*bounce.references, *(one.reference for one in thread.cited))
    issued = outbox.issued(tx, references) if references else {}
    for reference in references:
        mail = outbox.by_reference(tx, reference) if reference in issued else None
        if mail is None or not mail.attempts:
            continue
        failure = _about(bounce, issued[reference])
        if failure is None:
            continue
        words = " ".join(part for part in (failure.status, failure.diagnostic) if part)
        quiet = issued[reference].automatic
        return Undelivered(mail.recipient, reference, words or "undeliverable", quiet)
    return None


def _about(bounce: Bounce, issued: Issued) -> Failure | None:
    """What a bounce says of the holder of a reference: his address, or another in its domain,
    as servers write to; with no address at all, what it says is said of him."""
    if not bounce.failed:
        return Failure(issued.holder.email, "", "")
    domain = issued.holder.email.rpartition("@")[2]
    same = [one for one in bounce.failed if one.recipient == issued.holder.email]
    near = [one for one in bounce.failed if _within(one.recipient.rpartition("@")[2], domain)]
    return next(iter((*same, *near)), None)


def _within(one: str, other: str) -> bool:
    """Whether two domains are the same or one is part of the other."""
    return one == other or f".{other}".endswith(f".{one}") or f".{one}".endswith(f".{other}")


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
        waiting = tickets.pending(tx, issued.pending) if issued.pending else None
        if waiting is None or thread.issued is None or issued.ticket != thread.issued.ticket:
            continue
        raw_id, kind = waiting
        raw = ledger.raw(tx, raw_id)
        kept = history.entry(tx, issued.pending)
        files = kept.attachments if kept else ()
        silent = frozenset(one.part for one in files if one.silent)
        mail = replace(parse(raw, files=silent), attachments=files)
        proven = Standing(Role.AGENT, verified=True, reason="confirmed by its author's answer")
        opens = kind is EntryKind.OPENING
        if opens:
            words = contribution(desk.config, mail, Thread(None, proven.reason), proven)
            words = _for_another(desk, mail, raw, words, proven)
        else:
            again = threads.find(tx, desk.policy, mail)
            on = Thread(ticket, proven.reason, branch=thread.branch)
            words = contribution(desk.config, mail, on, proven, _answered(tx, again))
        return Pending(issued.pending, words, opens), _source(
            words, mail, partial(contents, raw), raw_id
        )
    return None, None
