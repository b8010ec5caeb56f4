"""Who writes and reads in the demo: the seed's three people, and whoever else gets a mail."""

from __future__ import annotations

from dataclasses import dataclass

from rules.model import Address


@dataclass(frozen=True, slots=True)
class Person:
    name: str  # what the page calls the box
    address: Address


MARIE = Person("Marie", Address("marie.dupont@fram.example", "Marie DUPONT"))
SEBASTIEN = Person("Sébastien", Address("sebastien@fram.example", "Sébastien"))
RH = Person("RH", Address("rh@fram.example", "RH"))
PEOPLE = (MARIE, SEBASTIEN, RH)

_BY_EMAIL = {person.address.email: person for person in PEOPLE}


def person(email: str) -> Person:
    """The one with this address: of the story, or a stranger named after the address."""
    email = email.lower()
    return _BY_EMAIL.get(email) or Person(email.partition("@")[0].capitalize(), Address(email))
