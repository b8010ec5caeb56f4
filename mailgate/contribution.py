"""A mail on its thread becomes what somebody contributes: the words that count, and whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailgate import quotes, reply, unsaid
from mailgate.config import Config
from mailgate.threads import Thread
from rules import lookalikes, reference, subject
from rules.confusables import skeleton
from rules.courtesy import is_silent, is_thanks
from rules.keyword_lines import HIDDEN
from rules.keywords import Answer, fold, read_agent, read_requester
from rules.model import Address, Contribution, Forward, Mail, Reply, Role, Standing, Verdict
from rules.orders import Code, Refusal
from rules.policy import RESOLVED, Policy

_SUBJECT = 200  # characters kept of a subject; RFC 5322 lines end at 998
_TITLE = 60  # characters of the text that name a ticket without a subject


def contribution(
    config: Config,
    mail: Mail,
    thread: Thread,
    standing: Standing,
    ours: tuple[str, ...] = (),
    sent: Callable[[], tuple[str, ...]] = tuple,
    automatic: Verdict | None = None,
    cut: Reply | None = None,
) -> Contribution:
    """What `mail` adds to its thread's ticket, or opens one with.

    `ours` are the texts of mails of ours to agents that it may quote; `sent` gives those
    of every mail of ours that it cites, and is asked only where it matters. `automatic` is
    why a program is held to have written it, `cut` what `reply.of_mail` makes of the mail,
    where the caller has it.
    """
    words = _words(config.policy, mail, thread, standing, ours, sent, cut)
    text = reference.cut(words.text, config.portal.url).strip("\n")
    if not text and not mail.attachments and standing.role not in (Role.AGENT, Role.UNPROVEN):
        text = _in_subject(config.policy, mail, thread)
    plain = Contribution(
        author=_author(config.policy, mail, standing),
        standing=standing,
        subject=_subject(config.policy, mail, text),
        text=text,
        quoted=reference.cut(words.rest, config.portal.url).strip("\n"),
        attachments=mail.attachments,
        cc=_in_copy(config.policy, mail),
        automatic=automatic,
        related=thread.related,
        answers=thread.issued.holder.email if thread.issued else "",
        quotes_us=bool(reference.find([words.rest])),
        answers_internal=thread.issued is not None and thread.issued.internal,
        answers_automatic=thread.issued is not None and thread.issued.automatic,
        portal=thread.credential is not None,
        original=thread.original,
        branch=thread.branch,
    )
    return _with_keywords(config.policy, plain, thread)


def for_another(
    config: Config, said: Contribution, standing: Standing, forward: Forward | None
) -> Contribution:
    """An agent's new mail that opens a ticket for somebody else: by #pour, or by a `forward`.

    `said` is the mail as anybody's, `standing` what shows that the agent wrote it. The
    text that is left is his own; what he forwards stands in `forward`.
    """
    assert said.author is not None
    above = reply.split(forward.above).text if forward else said.text  # without his signature
    orders, text = read_agent(config.policy, said.author.email, above)
    if forward and forward.author and orders.requester is None:
        if forward.refusal and not orders.refused:
            refused = Refusal(str(forward.author), Code(forward.refusal))
            orders = replace(orders, refused=(refused,))
        orders = replace(orders, requester=forward.author)
    elif forward and forward.author and orders.requester == Address(forward.author.email):
        orders = replace(orders, requester=forward.author)
    if forward:
        words = reference.cut(forward.text, config.portal.url).strip("\n")
        forward = replace(forward, text=words)
    agent = config.policy.agent(said.author.email)
    return replace(
        said,
        author=Address(agent.address, agent.name) if agent else said.author,
        standing=standing,
        text=text if orders.requester and not orders.refused else above,
        orders=orders,
        forward=forward,
    )


def _with_keywords(policy: Policy, said: Contribution, thread: Thread) -> Contribution:
    """Reads the keyword lines of those who may write some; a machine never may."""
    ticket, home = thread.ticket, thread.home
    if ticket is None or home is None or said.automatic or said.author is None:
        return said
    requester = home.requester.email if home.requester else ""
    if said.standing.role is Role.AGENT:
        known = {requester, policy.address}
        cc = [a for a in said.cc if policy.agent(a.email) is None and a.email not in known]
        orders, text = read_agent(policy, said.author.email, said.text, cc)
        if not orders.any and said.author.email == requester:
            # He is the one who asks here, and speaks to his colleagues.
            return replace(said, standing=replace(said.standing, role=Role.REQUESTER))
        return replace(said, orders=orders, text=said.text if orders.refused else text)
    own = said.standing.role is Role.REQUESTER and said.standing.verified
    own = own and ticket.requester is not None and ticket.requester.email == requester
    if own and ticket.state == RESOLVED:
        answer, text = read_requester(said.text)
        keep = answer is Answer.REFUSE and not text  # a bare "#refuser" is all that was said
        thanked = not said.attachments and is_thanks(policy, said.text, [said.author])
        if answer is None and thanked:
            return replace(said, answer=Answer.CONFIRM)
        return replace(said, answer=answer, text=said.text if keep else text)
    if own:  # a refusal that comes when nothing waits for one is a note like any other
        answer, text = read_requester(said.text)
        return replace(said, text=text) if answer is Answer.REFUSE and text else said
    return said


def _author(policy: Policy, mail: Mail, standing: Standing) -> Address | None:
    """The sender; a proven agent under the name and address that the desk knows him by.

    A stranger who goes by an agent's name has none: his words may reach the requester.
    """
    agent = policy.agent(mail.sender.email) if mail.sender else None
    if agent and standing.role is Role.AGENT:
        return Address(agent.address, agent.name)
    strange = standing.role in (Role.OTHER, Role.UNVERIFIED)
    if strange and mail.sender and is_an_agents(policy, mail.sender.name):
        return Address(mail.sender.email)
    return mail.sender


def is_an_agents(policy: Policy, name: str) -> bool:
    """Whether a display name reads as an agent's name or address, in whatever letters."""
    seen = " ".join(HIDDEN.sub("", name).split()).strip(" <>")
    words, look = lookalikes.words(seen.partition("@")[0]), skeleton(seen)
    return any(
        words == lookalikes.words(agent.name)
        or look in map(skeleton, (agent.address, *agent.aliases))
        for agent in policy.agents
    )


def _words(
    policy: Policy,
    mail: Mail,
    thread: Thread,
    standing: Standing,
    ours: tuple[str, ...],
    sent: Callable[[], tuple[str, ...]],
    cut: Reply | None,
) -> Reply:
    """The new text. An opening is kept whole, and so is an answer that is all quote, unless
    it quotes the desk alone: then nothing was said, nor by a greeting and a name.

    An agent's stays empty then, for what he quotes may be internal. His client may
    quote in a way that is not known: what the desk itself wrote to him is cut all the same.
    """
    if thread.ticket is None or thread.credential or thread.original:  # a form quotes nothing
        return Reply(mail.text)
    by_agent = standing.role in (Role.AGENT, Role.UNPROVEN)
    text = mail.text
    for one in ours if by_agent and not mail.from_html else ():
        text = quotes.marked(text, one)
    cut = cut if cut and text == mail.text else reply.of_mail(replace(mail, text=text))
    for one in ours if by_agent else ():
        new, quoted = quotes.cut(cut.text, one)
        rest = "\n\n".join(part for part in (quoted, cut.rest) if part)
        cut = Reply(new, rest, cut.signature)
    if mail.attachments or by_agent:
        return cut
    if cut.text:
        return Reply("", mail.text) if is_silent(policy, cut.text, [mail.sender]) else cut
    return Reply("", mail.text) if unsaid.says_nothing(mail.text, sent()) else Reply(mail.text)


def _in_copy(policy: Policy, mail: Mail) -> tuple[Address, ...]:
    """Everybody else whom the mail was addressed to, each once."""
    known = {policy.address, mail.sender.email if mail.sender else ""}
    people = {person.email: person for person in (*mail.to, *mail.cc)}
    return tuple(person for email, person in people.items() if email not in known)


def _in_subject(policy: Policy, mail: Mail, thread: Thread) -> str:
    """What a mail without words says in its subject alone; "" for the ticket's own subject."""
    base = subject.base(mail.subject, (policy.desk, *policy.former_desks), policy.tags)[:_SUBJECT]
    if thread.home is None or fold(thread.home.subject) in fold(base):
        return ""
    return base


def _subject(policy: Policy, mail: Mail, text: str) -> str:
    base = subject.base(mail.subject, (policy.desk, *policy.former_desks), policy.tags)
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    names = [attachment.name for attachment in mail.attachments]
    title = base or first_line.strip()[:_TITLE] or ", ".join(names)[:_TITLE] or "…"
    return title[:_SUBJECT]
