"""Politeness and nothing more: thanks, greetings, the writer's own name.

A text counts only when all of its words are known ones, so that no phrase is ever found
inside a longer message: "merci, mais cela ne marche toujours pas" is no thanks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rules.keyword_lines import HIDDEN
from rules.keywords import fold
from rules.model import Address
from rules.policy import Policy

_LONGEST = 300  # characters of a courtesy; whoever writes more says more
_NAME_WORDS = 3  # a longer display name may be words of another kind

# What stands around thanks and says nothing by itself; case, accents and points do not count.
_AROUND = (
    # openings
    "bonjour|bonsoir|salut|coucou|cher|chère|madame|monsieur|mme|m|mr|à tous|à toutes"
    "|tout le monde|l'équipe|toute l'équipe|le support|hello|hi|hey|dear|good morning"
    "|good afternoon|good evening|team|all|everyone|hallo|guten tag|hola|buenos días|ciao"
    "|buongiorno|bom dia|olá|dzień dobry"
    # closings
    "|cordialement|bien cordialement|très cordialement|cdt|cdlt|bien à vous|bien à toi"
    "|bonne journée|belle journée|bonne soirée|bonne fin de journée|bon week-end|bon weekend"
    "|bonne semaine|à bientôt|salutations|sincères salutations|amicalement|regards|best regards"
    "|kind regards|best|cheers|sincerely|yours sincerely|have a nice day|have a good day"
    "|mit freundlichen grüßen|freundliche grüße|viele grüße|beste grüße|mfg|lg|saludos"
    "|un saludo|cordiali saluti|met vriendelijke groet|groeten|pozdrawiam|atenciosamente"
    "|😊|🙂|😀|😃|😄|😉|☺"
)


def is_thanks(policy: Policy, text: str, people: Iterable[Address | None]) -> bool:
    """Whether `text` is one of the policy's thanks, with no more than politeness around it.

    `people` are those whose names may stand there.
    """
    around = _around(policy, people)
    known = around | {words: True for one in policy.thanks if (words := _words(one))}
    return "?" not in text and _covered(text, known)


def is_silent(policy: Policy, text: str, people: Iterable[Address | None]) -> bool:
    """Whether `text` says nothing: blanks and rules, greetings, names of `people`."""
    if any(map(str.isalnum, text[_LONGEST:])):  # too long, and no rule of signs either
        return False
    if not _words(text[: _LONGEST + 1]):
        return not text.strip("-_*.=~ \t\r\n\u00a0")
    return "?" not in text and _covered(text, _around(policy, people), wanted=False)


def _around(policy: Policy, people: Iterable[Address | None]) -> dict[tuple[str, ...], bool]:
    """Word sequences that may stand around thanks: sequence -> False."""
    named = [one.name for one in people if one]
    names = [name for name in named if len(name.split()) <= _NAME_WORDS]
    names += [policy.desk, *(agent.name for agent in policy.agents)]
    found = dict.fromkeys(_AROUND_WORDS, False)
    for name in names:
        found |= {(word,): False for word in _words(name)}
    return found


def _covered(text: str, known: Mapping[tuple[str, ...], bool], *, wanted: bool = True) -> bool:
    """Whether known sequences make up the whole text, a wanted one among them if so asked."""
    words = _words(text) if len(text) <= _LONGEST else ()
    if not words:
        return False
    longest = max(map(len, known), default=0)
    # reached[n]: whether the first n words are covered, and whether with a wanted sequence.
    reached: list[set[bool]] = [{False}, *(set() for _ in words)]
    for start, before in enumerate(reached):
        for end in range(start + 1, min(start + longest, len(words)) + 1) if before else ():
            told = known.get(words[start:end])
            if told is not None:
                reached[end] |= {told or earlier for earlier in before}
    return (wanted in reached[-1]) if wanted else bool(reached[-1])


def _words(text: str) -> tuple[str, ...]:
    """Letters and digits as words without case and accents; each emoji is one of its own."""
    return tuple("".join(map(_letter, fold(HIDDEN.sub("", text)))).split())


@lru_cache(maxsize=1024)
def _letter(char: str) -> str:
    """A character as it stands among words."""
    kind = unicodedata.category(char)
    return f" {char} " if kind == "So" else char if kind[0] in "LN" else " "


_AROUND_WORDS = tuple(_words(one) for one in _AROUND.split("|"))
