"""Senders who look like somebody else: warnings for agents, never facts.

Anyone may have two addresses or a colleague's name, so nothing is decided by these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rules.confusables import in_letters, is_disguised, latin, skeleton, visible
from rules.model import Address, Alike, Lookalike
from rules.policy import Policy

# What the terminal says; the words of mails and pages stand in templates/mail/LANGUAGE.
SENTENCES = {
    Alike.ADDRESS_IN_NAME: "the sender's name holds another address: {shown}",
    Alike.CONFUSABLE: "the sender's {shown} looks like {meant}, and is not",
    Alike.DISGUISED: "the domain {shown} is written in letters that look like {meant}",
    Alike.KNOWN_NAME: "{shown} is the name of {meant}, whose address this is not",
    Alike.SEVERAL_FROM: "From names several senders, also {shown}",
}

_NAME = 100  # characters of a name that are compared
_SHORT = 3  # a name of fewer characters is many people's
_SHOWN = 100  # characters that a warning shows
_OTHERS = 3  # further From addresses that a warning names
_PEOPLE = 200  # people of one ticket who are compared
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_BETWEEN = re.compile(r"[\W_]+")


def sentence(one: Lookalike) -> str:
    """What makes the sender look like somebody else, in one sentence."""
    return SENTENCES[one.kind].format(shown=one.shown, meant=one.meant)


def find(
    policy: Policy, sender: Address | None, senders: Sequence[Address], people: Iterable[Address]
) -> tuple[Lookalike, ...]:
    """What is odd about a mail's `sender`, who is no proven agent.

    `senders` are all addresses in From, `people` those known on the ticket.
    """
    if sender is None:
        return ()
    agents = [Address(email, a.name) for a in policy.agents for email in (a.address, *a.aliases)]
    known = [*agents, *list(people)[:_PEOPLE]]
    found = (
        *_in_name(policy, sender),
        *_imitates(sender, [Address(policy.address), *known]),
        *_known_name(sender, agents, known),
        *_several(sender, senders),
    )
    return tuple(Lookalike(kind, shown[:_SHOWN], meant[:_SHOWN]) for kind, shown, meant in found)


Found = Iterator[tuple[Alike, str, str]]


def _in_name(policy: Policy, sender: Address) -> Found:
    """An address in the name is what many programs show instead of the sender's own."""
    own = policy.agent(sender.email)
    for one in _ADDRESS.findall(visible(sender.name).lower()):
        if one != sender.email and (own is None or policy.agent(one) is not own):
            yield Alike.ADDRESS_IN_NAME, one, ""
            return


def _imitates(sender: Address, known: Sequence[Address]) -> Found:
    """An address or a domain that looks like one that is known here, or like a Latin one."""
    local, domain = _parts(sender.email)
    look, domain_look = skeleton(local), skeleton(domain)
    for one in known:
        its_local, its_domain = _parts(one.email)
        if domain_look != skeleton(its_domain):
            continue
        if domain != its_domain:
            yield Alike.CONFUSABLE, domain, its_domain
            return
        if local != its_local and look == skeleton(its_local):
            yield Alike.CONFUSABLE, f"{local}@{domain}", one.email
            return
    if not domain.isascii() and is_disguised(domain):
        yield Alike.DISGUISED, domain, latin(domain)


def _known_name(sender: Address, agents: Sequence[Address], known: Sequence[Address]) -> Found:
    """A new address under a name that is somebody's here, or a known one under an agent's."""
    said = words(sender.name)
    own = [words(one.name) for one in known if one.email == sender.email]
    if len(said) < _SHORT or said in own:
        return
    for one in agents if own else known:
        if said == words(one.name):
            yield Alike.KNOWN_NAME, sender.name, one.email
            return


def _several(sender: Address, senders: Sequence[Address]) -> Found:
    others = [one.email for one in senders if one.email != sender.email]
    if others:
        more = " …" if len(others) > _OTHERS else ""
        yield Alike.SEVERAL_FROM, ", ".join(others[:_OTHERS]) + more, ""


def _parts(email: str) -> tuple[str, str]:
    local, _, domain = email.rpartition("@")
    return local, in_letters(domain)


def words(name: str) -> str:
    """A name as people recognise it: its words in any order, whatever letters they are of."""
    return " ".join(sorted(_BETWEEN.split(skeleton(name[:_NAME])))).strip()
