"""Whom a sender may be taken for: the kinds, what is none, and hostile names."""

import time

import pytest

from rules import confusables, lookalikes
from rules.model import Address, Alike, Lookalike
from rules.policy import Agent, Policy

POLICY = Policy(
    desk="FRAM",
    former_desks=(),
    address="support@fram.example",
    agents=(Agent("Sébastien Morel", "seb@agence.example", ("sebastien@maison.example",)),),
    states={},
    notify=(),
)
MARIE = Address("marie@client.example", "Marie DUPONT")
PEOPLE = (MARIE, Address("achats@modern.example", "Achats"))

# Cyrillic letters stand as escapes where they would be taken for Latin ones.
ODD = {
    "an address in the name": (
        Address("eve@x.example", "marie@client.example"),
        Lookalike(Alike.ADDRESS_IN_NAME, "marie@client.example"),
    ),
    "an address beside a name, full-width": (
        Address("eve@x.example", "Marie (Marie\uff20client.example)"),
        Lookalike(Alike.ADDRESS_IN_NAME, "marie@client.example"),
    ),
    "an address in the name, cut by an invisible character": (
        Address("eve@x.example", "marie@client\N{ZERO WIDTH SPACE}.example"),
        Lookalike(Alike.ADDRESS_IN_NAME, "marie@client.example"),
    ),
    "an agent's name, taken by somebody known on the ticket": (
        Address("achats@modern.example", "Sébastien Morel"),
        Lookalike(Alike.KNOWN_NAME, "Sébastien Morel", "seb@agence.example"),
    ),
    "the desk's domain, one letter Cyrillic": (
        Address("support@fr\u0430m.example"),
        Lookalike(Alike.CONFUSABLE, "fr\u0430m.example", "fram.example"),
    ),
    "the same in Punycode": (
        Address("support@xn--frm-7cd.example"),
        Lookalike(Alike.CONFUSABLE, "fr\u0430m.example", "fram.example"),
    ),
    "an agent's domain with an accent": (
        Address("x@àgence.example"),
        Lookalike(Alike.CONFUSABLE, "àgence.example", "agence.example"),
    ),
    "an agent's other domain": (
        Address("x@ma\u0456son.example"),
        Lookalike(Alike.CONFUSABLE, "ma\u0456son.example", "maison.example"),
    ),
    "rn for m, a domain known on the ticket": (
        Address("achats@modem.example"),
        Lookalike(Alike.CONFUSABLE, "modem.example", "modern.example"),
    ),
    "1 for l": (
        Address("marie@c1ient.example"),
        Lookalike(Alike.CONFUSABLE, "c1ient.example", "client.example"),
    ),
    "an address of the same domain": (
        Address("rnarie@client.example"),
        Lookalike(Alike.CONFUSABLE, "rnarie@client.example", "marie@client.example"),
    ),
    "two alphabets in one label": (
        Address("x@p\u0430ypal.example"),
        Lookalike(Alike.DISGUISED, "p\u0430ypal.example", "paypal.example"),
    ),
    "one alphabet that reads as another": (
        Address("x@\u0441\u043e\u0440.example"),
        Lookalike(Alike.DISGUISED, "\u0441\u043e\u0440.example", "cop.example"),
    ),
    "an agent's name": (
        Address("eve@x.example", "Sebastien MOREL"),
        Lookalike(Alike.KNOWN_NAME, "Sebastien MOREL", "seb@agence.example"),
    ),
    "a name of the ticket, turned round, one letter Cyrillic": (
        Address("eve@x.example", "Dupont, M\u0430rie"),
        Lookalike(Alike.KNOWN_NAME, "Dupont, M\u0430rie", "marie@client.example"),
    ),
}


@pytest.mark.parametrize(("sender", "warning"), ODD.values(), ids=ODD)
def test_a_sender_who_looks_like_somebody_else(sender: Address, warning: Lookalike) -> None:
    found = lookalikes.find(POLICY, sender, (sender,), PEOPLE)
    assert warning in found
    assert lookalikes.sentence(warning)


FINE = {
    "a stranger": Address("paul@autre.example", "Paul"),
    "herself": MARIE,
    "herself, another name": Address(MARIE.email, "Marie"),
    "a colleague of hers": Address("luc@client.example", "Luc DUPONT"),
    "her address as her name": Address(MARIE.email, "Marie@Client.example"),
    "an agent's other address": Address("sebastien@maison.example", "seb@agence.example"),
    "no name": Address("x@autre.example"),
    "a German name": Address("x@müller.example"),
    "a French name": Address("x@\u0153uvre.example"),
    "a Russian name that reads as nothing else": Address("x@\u044f\u0431\u043b\u043e.example"),
    "a Russian name at home": Address("x@\u0441\u043e\u0440.\u0440\u0444"),
    "a Japanese name in three scripts": Address("x@東京タワーの.example"),
    "Punycode of nothing": Address("x@xn--.example"),
    "Punycode that is broken": Address("x@xn--99999999999.example"),
    "an address that is none": Address("@"),
}


@pytest.mark.parametrize("sender", FINE.values(), ids=FINE)
def test_a_sender_who_does_not(sender: Address) -> None:
    assert lookalikes.find(POLICY, sender, (sender,), PEOPLE) == ()


def test_several_senders_are_named_up_to_three() -> None:
    others = [Address(f"n{n}@x.example") for n in range(9)]
    (found,) = lookalikes.find(POLICY, others[0], others, ())
    shown = "n1@x.example, n2@x.example, n3@x.example …"
    assert found == Lookalike(Alike.SEVERAL_FROM, shown)


def test_no_sender_is_nobody() -> None:
    assert lookalikes.find(POLICY, None, (), PEOPLE) == ()


def test_every_kind_has_its_words() -> None:
    assert set(lookalikes.SENTENCES) == set(Alike)


HOSTILE = {
    "at signs": "@" * 100_000,
    "dots": "a@" + "a." * 50_000,
    "marks": "e" + "\u0301" * 100_000,
    "ligatures that unfold to 18 letters": "\ufdfa" * 20_000,
    "words": "a " * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_take_linear_time_and_little_room(text: str) -> None:
    sender = Address(f"x@{text[:250]}.example", text)
    people = [Address(f"n{n}@p.example", text) for n in range(300)]
    start = time.process_time()
    found = lookalikes.find(POLICY, sender, (sender,), people)
    assert time.process_time() - start < 1
    assert all(len(one.shown) <= 100 and len(one.meant) <= 100 for one in found)


@pytest.mark.parametrize(
    ("text", "look"),
    [("Modern0", "modemo"), ("\u0440\u0430\u0443", "pay"), ("I1l", "ill"), ("é\u200b", "e")],
)
def test_skeletons(text: str, look: str) -> None:
    assert confusables.skeleton(text) == look
