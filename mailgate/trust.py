"""Who says so? What a mail shows about its sender, beyond a From that anyone can write."""

from __future__ import annotations

from mailgate.threads import Thread
from rules.model import Address, Issued, Mail, Role, Standing, Ticket
from rules.policy import Policy


def standing(policy: Policy, mail: Mail, thread: Thread) -> Standing:
    """The sender's role on the thread's ticket, and what shows it."""
    if thread.ticket is None:
        return Standing(Role.REQUESTER, verified=True, reason=thread.reason)
    if any(policy.agent(sender.email) for sender in mail.senders):
        return _agent(policy, mail, thread)
    if thread.issued:
        return _holder(mail.sender, thread.ticket, thread.issued, thread.reason)
    if thread.by_tag:
        return Standing(Role.UNVERIFIED, verified=False, reason=thread.reason)
    return Standing(_role(mail.sender, thread.ticket), verified=False, reason=thread.reason)


def _agent(policy: Policy, mail: Mail, thread: Thread) -> Standing:
    """An agent's address proves nothing by itself: the mail must cite what was sent to him."""
    agent = policy.agent(mail.sender.email) if mail.sender else None
    issued = thread.issued
    if agent is None or len(mail.senders) > 1:
        reason = "several senders, an agent's address among them"
    elif issued is None:
        reason = f"an agent's address without proof: {thread.reason}"
    elif not issued.to_agent or issued.holder.email != agent.address:
        reason = f"an agent's address citing a reference that was given to {issued.holder.email}"
    else:
        return Standing(Role.AGENT, verified=True, reason=thread.reason)
    return Standing(Role.UNPROVEN, verified=False, reason=reason)


def _holder(sender: Address | None, ticket: Ticket, issued: Issued, reason: str) -> Standing:
    """Whoever cites a reference speaks as its holder, unless an agent was the holder."""
    holder = issued.holder
    if issued.to_agent:
        reason = f"cites a reference given to the agent {holder.email}, from another address"
        return Standing(Role.UNVERIFIED, verified=False, reason=reason)
    if sender and sender.email == holder.email:
        return Standing(_role(holder, ticket), verified=True, reason=reason)
    role = (
        Role.REQUESTER
        if Role.REQUESTER in (_role(sender, ticket), _role(holder, ticket))
        else Role.OTHER
    )
    return Standing(role, verified=False, reason=reason, via=holder)


def _role(person: Address | None, ticket: Ticket) -> Role:
    same = person and ticket.requester and person.email == ticket.requester.email
    return Role.REQUESTER if same else Role.OTHER
