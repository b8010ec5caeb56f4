"""Who says so? What a mail shows about its sender, beyond a From that anyone can write."""

from __future__ import annotations

from mailgate.authentication import Vouch, Vouched
from mailgate.config import Config
from mailgate.mime import clean
from mailgate.threads import Thread
from rules.model import Address, Credential, Issued, Mail, Proof, Role, Standing, Ticket
from rules.policy import Agent, Policy


def standing(config: Config, mail: Mail, thread: Thread, server: Vouched) -> Standing:
    """The sender's role on the thread's ticket, and what shows it.

    `server` is what our own mail server says of the sender.
    """
    policy = config.policy
    if thread.credential:
        return _by_form(policy, mail, thread, thread.credential)
    if thread.home is None:
        return Standing(Role.REQUESTER, verified=True, reason=thread.reason)
    named = (*mail.senders, *([mail.sender] if mail.sender else []))
    if any(policy.agent(person.email) for person in named):
        return agent(config, mail, thread, server)
    if thread.issued:
        return _holder(mail.sender, thread.home, thread.issued, thread.reason)
    if thread.original:
        reason = f"{thread.reason}, whose first mail answers this one"
        return Standing(Role.REQUESTER, verified=True, reason=reason)
    if thread.by_tag or (thread.copied and not _answers_all(mail, thread.home)):
        return Standing(Role.UNVERIFIED, verified=False, reason=thread.reason)
    return Standing(_role(mail.sender, thread.home), verified=False, reason=thread.reason)


def _by_form(policy: Policy, mail: Mail, thread: Thread, shown: Credential) -> Standing:
    """A session proves its agent, a link its holder under his own name, a typed address nothing."""
    sender, holder = mail.sender, shown.holder
    own = sender is not None and holder is not None and sender.email == holder.email
    if shown.proof is Proof.SESSION and own:
        return _signed_in(mail, thread, shown)
    if thread.home is None:
        return Standing(Role.REQUESTER, verified=own, reason=thread.reason)
    if holder is None or any(policy.agent(one.email) for one in (sender, holder) if one):
        return _signed_in(mail, thread, shown)
    if own and _same_name(sender, holder):
        return Standing(_role(holder, thread.home), verified=True, reason=thread.reason)
    return _for_holder(sender, thread.home, holder, thread.reason)


def _signed_in(mail: Mail, thread: Thread, shown: Credential) -> Standing:
    """An agent in a form: his session proves him, and nothing that anybody can type does."""
    sender, holder = mail.sender, shown.holder
    if shown.proof is Proof.SESSION and sender and holder and sender.email == holder.email:
        return _proven(f"signed in on the portal; {thread.reason}")
    return _unproven(f"an agent's address without signing in: {thread.reason}")


def _same_name(sender: Address | None, holder: Address) -> bool:
    """Whether the holder kept his name in the form, which was cleaned on its way."""
    return sender is not None and sender.name.split() == clean(holder.name).split()


def exposed(policy: Policy, mail: Mail, thread: Thread) -> list[str]:
    """The agents' references that this mail shows to somebody else: they prove nothing later."""
    known = {policy.address, *(a for one in policy.agents for a in (one.address, *one.aliases))}
    outside = any(person.email not in known for person in (*mail.to, *mail.cc))
    writer = policy.agent(mail.sender.email) if mail.sender else None
    return [
        issued.reference
        for issued in thread.cited
        if issued.to_agent
        and not issued.exposed
        and (outside or writer is None or issued.holder.email != writer.address)
    ]


def agent(config: Config, mail: Mail, thread: Thread, server: Vouched) -> Standing:
    """An agent's address proves nothing by itself: a reference of his does, or our own server."""
    if thread.credential:
        return _signed_in(mail, thread, thread.credential)
    known = config.policy.agent(mail.sender.email) if mail.sender else None
    if known is None or mail.senders != (mail.sender,):
        return _unproven("an agent's address, but not as the only one in From")
    if server.vouch is Vouch.FAIL:
        return _unproven(f"our mail server refuses the sender: {server.reason}")
    if server.vouch is Vouch.PASS:
        return _proven(f"our mail server vouches for the sender: {server.reason}")
    said = f"; {server.reason}" if server.reason else ""
    if config.trust.required:
        reason = "our mail server does not vouch for the sender ([trust] required)"
        return _unproven(f"{reason}{said}")
    if any(_proves(issued, known, thread) for issued in thread.cited):
        return _proven(f"cites a reference given to {known.address}")
    if config.trust.unproven == "obey":
        return _proven('its From is taken at its word ([trust] unproven = "obey")')
    if any(_proves(issued, known, thread, seen=True) for issued in thread.cited):
        return _unproven(f"cites a reference that somebody else has seen{said}")
    if thread.issued:
        holder = thread.issued.holder.email
        return _unproven(f"an agent's address citing a reference that was given to {holder}{said}")
    return _unproven(f"an agent's address without proof: {thread.reason}{said}")


def vouched(standing: Standing, thread: Thread, server: Vouched) -> bool:
    """Whether it is shown that the author himself wrote: by our own mail server, or by a
    reference or link of his."""
    link = thread.credential is not None and thread.credential.proof is not Proof.FORM
    own = standing.verified and (thread.issued is not None or link)
    return own or server.vouch is Vouch.PASS


def _proves(issued: Issued, agent: Agent, thread: Thread, *, seen: bool = False) -> bool:
    same = thread.issued is not None and issued.ticket == thread.issued.ticket
    return (
        same and issued.to_agent and issued.holder.email == agent.address and issued.exposed == seen
    )


def _proven(reason: str) -> Standing:
    return Standing(Role.AGENT, verified=True, reason=reason)


def _unproven(reason: str) -> Standing:
    return Standing(Role.UNPROVEN, verified=False, reason=reason)


def _holder(sender: Address | None, ticket: Ticket, issued: Issued, reason: str) -> Standing:
    """Whoever cites a reference speaks as its holder, unless an agent was the holder."""
    holder = issued.holder
    if issued.to_agent:
        reason = f"cites a reference given to the agent {holder.email}, from another address"
        return Standing(Role.UNVERIFIED, verified=False, reason=reason)
    if sender and sender.email == holder.email:
        return Standing(_role(holder, ticket), verified=True, reason=reason)
    return _for_holder(sender, ticket, holder, reason)


def _for_holder(sender: Address | None, ticket: Ticket, holder: Address, reason: str) -> Standing:
    """Somebody else wrote, by the mail or link of the holder."""
    role = (
        Role.REQUESTER
        if Role.REQUESTER in (_role(sender, ticket), _role(holder, ticket))
        else Role.OTHER
    )
    return Standing(role, verified=False, reason=reason, via=holder)


def _answers_all(mail: Mail, ticket: Ticket) -> bool:
    """Whether the requester gets this mail anyway: else it may not be meant for her eyes."""
    requester = ticket.requester
    return requester is not None and any(
        person.email == requester.email for person in (*mail.to, *mail.cc)
    )


def _role(person: Address | None, ticket: Ticket) -> Role:
    same = person and ticket.requester and person.email == ticket.requester.email
    return Role.REQUESTER if same else Role.OTHER
