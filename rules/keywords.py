"""The keyword lines at the head of an agent's mail, and a requester's answer to "solved?".

    # résolu
    #cc Marie DUPONT <marie@fram.example>; rh@fram.example

Case and accents do not count, nor what `rules.keyword_lines` looks through. What
is almost a keyword is refused, never guessed: a wrong guess mails strangers.
"""

# Length: the table of keywords and what reads their lines, in one place.

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import filterfalse

from rules.address_list import addresses
from rules.keyword_lines import Line, block
from rules.model import Address, EntryKind
from rules.orders import Answer as Answer
from rules.orders import Code as Code
from rules.orders import Orders as Orders
from rules.orders import Refusal as Refusal
from rules.policy import Agent, Policy

_SHOWN = 100  # characters of a refused line that are told
_WORD = 100  # characters of a word that are compared; no keyword and no name is longer
_REFUSED = 20  # refused lines after which the rest is not looked at
_NUMBER = re.compile(r"[#＃]?\s?([0-9]{1,9})")
_EDGES = " *_.,;:!?…"  # around what stands behind a keyword


@dataclass(frozen=True, slots=True)
class _Keyword:
    name: str  # what it does, for the labels of the templates
    words: tuple[str, ...]  # the one that is shown comes first
    kind: EntryKind | None = None
    argument: str = ""  # what must follow, a key of _ARGUMENTS; "" for nothing
    state: str = ""


_TABLE = (
    _Keyword("transfer", ("transfert", "transfer"), EntryKind.TRANSFER, "address"),
    _Keyword("internal", ("interne", "internal"), EntryKind.INTERNAL),
    _Keyword("take", ("prendre", "take")),
    _Keyword("note", ("note",), EntryKind.NOTE),
    _Keyword("reply", ("réponse", "cc", "reply"), EntryKind.REPLY, "address"),
    _Keyword("assign", ("assigner", "assign"), argument="agent"),
    _Keyword("for", ("pour", "for"), argument="address"),
    _Keyword("merge", ("fusionner", "merge"), argument="number"),
    _Keyword("help", ("aide", "help")),
)
_ARGUMENTS = {  # as they are shown, by language
    "fr": {"address": "ADRESSE", "agent": "AGENT", "number": "NUMÉRO"},
    "en": {"address": "ADDRESS", "agent": "AGENT", "number": "NUMBER"},
}
_FOR = ("pour", "for")
_ANSWERS = {
    "confirmer": Answer.CONFIRM,
    "confirm": Answer.CONFIRM,
    "refuser": Answer.REFUSE,
    "refuse": Answer.REFUSE,
}
# The keywords that are no states, French and English: no state may have one of them.
FIXED_KEYWORDS = (*(word for keyword in _TABLE for word in keyword.words), *_ANSWERS)


def fold(word: str) -> str:
    """`word` without case and accents: "Résolu" -> "resolu". For short words only.

    The time that Unicode's normal forms take is not linear.
    """
    parts = unicodedata.normalize("NFKD", word.casefold())
    return parts if parts.isascii() else "".join(filterfalse(unicodedata.combining, parts))


def shown(policy: Policy) -> tuple[tuple[str, str], ...]:
    """What an agent can write, states first: (`transfert ADRESSE`, `transfer`).

    The second is the state's key or what the keyword does; templates have the labels.
    """
    arguments = _ARGUMENTS[policy.language]
    return tuple(
        (f"{keyword.words[0]} {arguments.get(keyword.argument, '')}".rstrip(), keyword.name)
        for keyword in _keywords(policy)
    )


def read_agent(
    policy: Policy, author: str, text: str, cc: Iterable[Address] = ()
) -> tuple[Orders, str]:
    r"""A proven agent's orders, and his text without its keyword block.

    `author` is his address, `text` what he wrote now with `\n` line ends, `cc` whom he
    put in copy of his mail, without the requester; agents among them are passed over.
    Linear time, raises nothing.
    """
    lines, rest = block(text)
    reading = _Reading(policy, author)
    for line in lines:
        if len(reading.refused) == _REFUSED:
            break
        reading.take(line)
    return reading.orders(cc), rest


def names_requester(text: str) -> bool:
    """Whether a keyword line at the head of `text` says whose ticket it is to be."""
    return any(fold(line.word[:_WORD]) in _FOR for line in block(text)[0])


def read_requester(text: str) -> tuple[Answer | None, str]:
    """The answer on the first line of a requester's text, and the rest of the text.

    Words behind the keyword are kept; any other line with `#` is plain text.
    """
    found, below = block(text, limit=1)
    answer = _ANSWERS.get(fold(found[0].word[:_WORD])) if found else None
    # A line that names a second keyword is a sentence about them.
    if answer is None or "#" in found[0].rest.replace("＃", "#"):
        return None, text
    words = found[0].rest.lstrip(_EDGES) if _says(found[0].rest) else ""
    return answer, "\n".join(part for part in (words, below) if part)


def _says(words: str) -> bool:
    """Whether more than punctuation stands there."""
    return any(unicodedata.category(char)[0] not in "PZ" for char in words)


# --- orders


def _keywords(policy: Policy) -> tuple[_Keyword, ...]:
    """An agent's keywords: the policy's states, then those that every desk has."""
    states = (state for state in policy.states.values() if state.keywords)
    return (*(_Keyword(s.name, s.keywords, state=s.name) for s in states), *_TABLE)


@dataclass(slots=True)
class _Reading:
    """What an agent's lines have asked for so far."""

    policy: Policy
    author: str
    known: Mapping[str, _Keyword] = field(init=False)  # by folded word
    spelled: Mapping[str, str] = field(init=False)  # folded word -> as it is shown
    kind: str = ""
    state: str = ""
    owner: str = ""
    help: bool = False
    requester: Address | None = None
    merge: int = 0
    merge_line: str = ""
    people: dict[str, Address] = field(default_factory=dict)
    lacking: str = ""  # the first line that should name an address and names none
    refused: list[Refusal] = field(default_factory=list)

    def __post_init__(self) -> None:
        pairs = [(word, keyword) for keyword in _keywords(self.policy) for word in keyword.words]
        self.known = {fold(word): keyword for word, keyword in pairs}
        self.spelled = {fold(word): word for word, _ in pairs}

    def take(self, line: Line) -> None:
        keyword = self.known.get(word := fold(line.word[:_WORD]))
        if keyword is None:
            self._refuse(line.text, Code.UNKNOWN, _nearest(word, self.spelled))
        elif not keyword.argument and _says(line.rest):
            self._refuse(line.text, Code.EXTRA)
        elif keyword.state:
            self.state = self._only(line, self.state, keyword.state)
        elif keyword.kind:
            self.kind = self._only(line, self.kind, keyword.kind)
            if keyword.argument:
                self._address(line)
        elif keyword.name == "help":
            self.help = True
        elif keyword.name == "for":
            self._for(line)
        elif keyword.name == "merge":
            self._merge(line)
        elif owner := self._agent(line, self.author if keyword.name == "take" else ""):
            self.owner = self._only(line, self.owner, owner)

    def orders(self, cc: Iterable[Address]) -> Orders:
        """The end of the reading. Whoever is in copy of the mail is in copy of a reply."""
        for person in cc:
            if person.email == self.policy.address or self.policy.agent(person.email):
                continue
            if self.requester and person.email == self.requester.email:
                continue
            if self.kind == EntryKind.REPLY:
                self._add(person)
            elif len(self.refused) < _REFUSED:
                self._refuse(person.email, Code.COPIED)
        if self.lacking and not self.people:
            self._refuse(self.lacking, Code.NO_ADDRESS)
        if self.merge and (self.state or self.requester):
            self._refuse(self.merge_line, Code.CONFLICT)
        if self.refused:
            return Orders(refused=tuple(self.refused))
        kind = EntryKind(self.kind) if self.kind else None
        return Orders(
            kind,
            tuple(self.people.values()),
            self.state,
            self.owner,
            self.help,
            self.requester,
            self.merge,
            self.merge_line,
        )

    def _for(self, line: Line) -> None:
        people = self._people(line)
        if people and len(people) > 1:
            self._refuse(line.text, Code.ONE_ADDRESS)
        elif people and self.requester and people[0].email != self.requester.email:
            self._refuse(line.text, Code.CONFLICT)
        elif people:
            self.requester = people[0]
        elif people is not None:
            self._refuse(line.text, Code.NO_ADDRESS)

    def _merge(self, line: Line) -> None:
        number = _NUMBER.fullmatch(line.rest.strip(_EDGES))
        if number is None:
            self._refuse(line.text, Code.NO_NUMBER)
        elif self.merge not in (0, int(number[1])):
            self._refuse(line.text, Code.CONFLICT)
        else:
            self.merge, self.merge_line = int(number[1]), line.text[:_SHOWN]

    def _refuse(self, line: str, code: Code, nearest: str = "") -> None:
        clipped = line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
        self.refused.append(Refusal(clipped, code, nearest))

    def _only(self, line: Line, before: str, now: str) -> str:
        if before not in ("", now):
            self._refuse(line.text, Code.CONFLICT)
        return before or now

    def _people(self, line: Line) -> tuple[Address, ...] | None:
        """The addresses behind a keyword; None where they are refused."""
        # An underscore may be the address's own; `addresses` knows.
        people = addresses(line.rest.lstrip(" *:,;").rstrip(_EDGES.replace("_", "")))
        if people is None or self.policy.address in (person.email for person in people):
            self._refuse(line.text, Code.BAD_ADDRESS)
            return None
        return people

    def _address(self, line: Line) -> None:
        people = self._people(line)
        if people is None:
            return
        if not people:
            self.lacking = self.lacking or line.text
        for person in people:
            self._add(person)

    def _add(self, person: Address) -> None:
        before = self.people.get(person.email)
        if before is None or not before.name:
            self.people[person.email] = person

    def _agent(self, line: Line, author: str) -> str:
        """The address of the agent whom a line names by address, alias or name; else of `author`.

        Refuses the line and returns "" where that is nobody, or might be two.
        """
        wanted = line.rest.strip(_EDGES)
        emails = [author] if author else [one.email for one in addresses(wanted) or ()]
        found = {self.policy.agent(email) for email in emails} or self._named(_same(wanted))
        agent = found.pop() if len(found) == 1 else None
        if agent:
            return agent.address
        names = {
            name: one.name
            for one in self.policy.agents
            for name in (_same(one.name), *map(_local, (one.address, *one.aliases)))
        }
        self._refuse(line.text, Code.UNKNOWN_AGENT, _nearest(_local(_same(wanted)), names))
        return ""

    def _named(self, wanted: str) -> set[Agent | None]:
        """Those who go by the whole name; else those who have these words in theirs."""
        agents = [(one, _same(one.name)) for one in self.policy.agents]
        whole: set[Agent | None] = {one for one, name in agents if name == wanted}
        return whole or {one for one, name in agents if wanted and f" {wanted} " in f" {name} "}


def _same(name: str) -> str:
    return " ".join(fold(name[:_WORD]).split())


def _local(email: str) -> str:
    return email.partition("@")[0]


def _nearest(word: str, among: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(word, among, n=1)
    return among[near[0]] if near else ""
