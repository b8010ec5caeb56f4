"""What a name looks like: the skeleton of UTS #39, section 4, as far as mail addresses need it.

The table has the letters and digits of its confusables.txt that look like a Latin letter or
digit and are not made one by NFKD and case folding, of the scripts that domain names are
registered in; and к, κ, м, т, τ, which it puts under small capitals. Accents are dropped
beside, for readers pass over them.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_LOOK_LIKE = {
    "a": "ɑαаᎪ",
    "b": "ᏏᏴᖯ",
    "c": "сᏟᴄⲥ",
    "d": "ԁᎠᏧ",
    "e": "еҽᎬ",
    "f": "քẝꬵ",
    "g": "ƍɡցᏀᏳᶃ",
    "h": "һհᎻᏂ",
    "i": "ıɩɪιіӏᎥ",
    "j": "ϳјᎫ",
    "k": "Ꮶκкĸ",
    "l": "ǀ۱Ꮮⵏ",
    "m": "Ꮇм",
    "n": "ոռ",
    "o": "οσоօ۵०০੦૦ଠ୦௦౦೦ഠ൦๐໐ဝ၀ჿዐᴏⲟⵔ",
    "p": "ρрᏢⲣ",
    "q": "ԛգզⵕ",
    "r": "гᎡᏒᴦⲅ",
    "s": "ƽѕᏕᏚꜱ",
    "t": "Ꭲтτ",
    "u": "ʋυսᴜ",
    "v": "νѵ۷Ꮩᴠⴸ",
    "w": "ɯѡԝաᎳᏔᴡ",
    "x": "хⲭ",
    "y": "ɣʏγуүყᎩᎽᶌỿ",
    "z": "Ꮓᴢ",
    "3": "зӡ",
    "4": "Ꮞ",
    "6": "бᏮ",
    "8": "ȣ৪੪",
    "9": "৭੧୨൭",
    "ae": "æӕ",
    "oe": "œ",
}
# Accents and invisible signs: marks (M*) and format characters (Cf) have no look of their own.
_NO_LOOK = ("Mn", "Me", "Cf")
_TABLE = {ord(letter): look for look, letters in _LOOK_LIKE.items() for letter in letters}
# UTS #39 has both sides of these pairs under one look; addresses are lower case.
_PAIRS = (("0", "o"), ("1", "l"), ("|", "l"), ("rn", "m"))
_LABEL = 63  # characters of one label, RFC 1035 section 2.3.4


@lru_cache(maxsize=1024)
def skeleton(text: str) -> str:
    """Two texts with one skeleton are easily taken for each other."""
    text = latin(text)
    for other, look in _PAIRS:
        text = text.replace(other, look)
    return text


def latin(text: str) -> str:
    """What `text` reads as to somebody who expects Latin letters."""
    text = text.casefold()
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFKD", text)
    seen = "".join(c for c in bare if unicodedata.category(c) not in _NO_LOOK)
    return seen.translate(_TABLE).casefold()


def visible(text: str) -> str:
    """What is seen of `text`: wide letters as plain ones, format characters (Cf) left out."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")


def in_letters(domain: str) -> str:
    """A domain with its labels in Unicode (RFC 5890 section 2.3.2.1), as clients show it."""
    return ".".join(_letters(label) for label in domain.split("."))


def is_disguised(domain: str) -> bool:
    """Whether a domain in Unicode reads as a Latin one and is not, or mixes alphabets.

    The former only below a Latin top-level domain, where Latin is expected.
    """
    labels = domain.split(".")
    return any(
        len(scripts) > 1
        or (scripts - {"LATIN"} and labels[-1].isascii() and latin(label).isascii())
        for label in labels
        if (scripts := _scripts(label))
    )


def _letters(label: str) -> str:
    if not label.startswith("xn--") or len(label) > _LABEL:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except ValueError:
        return label


# Whose letters are taken for each other's; ideographs and syllables are not.
_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})


def _scripts(label: str) -> set[str]:
    """The alphabets of a label's letters, by the first word of their Unicode names."""
    if label.isascii():
        return set()
    names = (unicodedata.name(c, "").partition(" ")[0] for c in label if c.isalpha())
    return set(_ALPHABETS.intersection(names))
