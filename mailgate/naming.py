"""What readers are told of people and places: outsiders read names, never addresses."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_timezone_location

from mailgate.mime import clean
from rules.model import Address


@dataclass(frozen=True, slots=True)
class Person:
    """Someone as a template sees them: `{{ author }}` prints the name."""

    name: str
    email: str  # "" in mails to outsiders

    def __str__(self) -> str:
        return self.name

    @property
    def full(self) -> str:
        """Name and address."""
        return f"{self.name} <{self.email}>" if self.email not in ("", self.name) else self.name


def city(zone: ZoneInfo, locale: Locale) -> str:
    """The place whose hour it is: "Paris", or the zone's own name ("UTC")."""
    if "/" not in zone.key:
        return zone.key
    return get_timezone_location(zone, locale=locale, return_city=True)


def person(address: Address, to_agent: bool) -> Person:
    """Outsiders read names, never each other's addresses."""
    name = clean(address.label) or address.email
    return Person(name, address.email) if to_agent else Person(without_address(name), "")


def without_address(name: str) -> str:
    """A name for outsiders' eyes: of an address only what stands before the @."""
    return name.partition("@")[0].strip(" <") or "?" if "@" in name else name
