"""Bytes from outside made text: charsets, encoded words, one-line texts, flowed lines.

Standards: RFC 2045 (charset labels), 2047 (encoded words), 3676 (format=flowed),
6532 (UTF-8 in headers). Nothing here raises for any input, and every step is linear.

What goes wrong with real mails: a label that lies (UTF-8 sent as ISO-8859-1 and
the other way round), no label at all, labels that name a codec but no charset
(`punycode` decodes in quadratic time), multi-byte letters cut between two
encoded words, NUL bytes and lone surrogates that databases refuse.
"""

from __future__ import annotations

import binascii
import codecs
import re

from charset_normalizer import CharsetMatch, CharsetMatches, from_bytes

_LABEL_LIMIT = 40  # the longest label registered with IANA is 45, those in use are below 25
_SAMPLE = 16_384  # bytes that the detection looks at: it takes about 20 ms for these
_SHORT = 512
_PROOF = 6  # letters that a Western text does not have, before its label is doubted
# charset-normalizer's measures: how odd a reading is, and how like a language.
_CHAOS = 0.1  # of a reading that may contradict a label
_COHERENCE = 0.25  # of one in Latin letters: for a few words it knows no language
_GUESSES = 8  # encoded words of one value whose charset is guessed

# Python's decoders that are no charsets, or not linear.
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
)
# What senders mean by the label (WHATWG Encoding, section 4.2): the superset.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# What mails are written in. Of all the codecs of Python, some read anything: DOS pages, hp-roman8.
_LATIN = ("cp1250", "iso8859_2", "cp1254")
_CANDIDATES = [
    *("cp1252", *_LATIN, "cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1255", "cp1256"),
    *("iso8859_6", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
# UTF-16 and ISO-2022 under another label, or none.
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ESCAPES = (
    (b"\x1b$)C", "iso2022_kr"),
    (b"\x1b$B", "iso2022_jp"),
    (b"\x1b$@", "iso2022_jp"),
)
# Single-byte labels take any bytes, so that valid UTF-8 under them proves a lie.
_SINGLE_BYTE = re.compile(r"cp125\d|cp437|cp850|cp1252|iso8859-\d+|koi8-[ru]|mac-roman|latin")
# The letters and signs that Western European text writes with one byte above 0x7f.
_WESTERN = frozenset(
    "àâäáãåæçéèêëíìîïñóòôöõøœßúùûüÿýÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜŸ«»’‘“”–—…€°§£·×²\xa0"
)

# C0 but for tab and newline, DEL and C1: nothing that a text shows.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
_KEPT = {code: None for code in _CONTROLS if code not in (0x09, 0x0A)}
_UNWANTED = re.compile(f"[{re.escape(''.join(map(chr, _KEPT)))}]")
# In one line every control becomes a blank; the bidi controls (UAX 9), which make
# "exe.fdp" of a file name, go.
_ONE_LINE = dict.fromkeys(_CONTROLS, " ") | dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# No part can match across a `?`, so that a failed attempt reads its own piece only.
_WORD = re.compile(r"=\?([^?\s]{1,60}+)\?([bBqQ])\?([^?]*+)\?=")


def text(data: bytes, label: str = "", *, guess: bool = True) -> str:
    """The bytes as Unicode text, by their charset label or by what they are.

    Valid UTF-8 is believed over a label of one byte per letter; a label that is
    unknown or cannot decode gives way to UTF-8, then to Windows-1252 when the
    letters look Western, then to detection; so does a Western label over letters that
    look otherwise. Without `guess` nothing is detected, which takes some ms each time.
    Never holds lone surrogates.
    """
    marked = _by_marks(data)
    if marked and not label[:8].lower().startswith(("utf-16", "utf-32", "iso-2022")):
        try:
            return data.decode(marked).removeprefix("\ufeff")
        except UnicodeError:
            pass
    if (
        data.isascii()
        and b"\x1b" not in data
        and not label[:5].lower().startswith(("utf-", "utf1"))
    ):
        return data.decode("ascii")
    name = _codec(label)
    if not name or _SINGLE_BYTE.match(name):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if name and name != "cp1252":
        try:
            return _SURROGATES.sub("\ufffd", data.decode(name))
        except (UnicodeError, LookupError, ValueError):
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _detected(data, "cp1252" if name == "cp1252" else "", guess)


def _by_marks(data: bytes) -> str:
    """The charset that the first bytes or the escapes of a text give away, "" for none."""
    for marks, name in _MARKS:
        if data.startswith(marks):
            return name
    if b"\x1b$" in data:
        return next((name for escape, name in _ESCAPES if escape in data), "")
    return ""


def _codec(label: str) -> str:
    """The Python codec that a charset label means, or "" when it means none."""
    label = label.strip("\"' \t")
    if not label or len(label) > _LABEL_LIMIT or not label.isascii() or "\0" in label:
        return ""
    if label.lower().startswith("x-"):
        label = label[2:]
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    return "" if name in _NOT_CHARSETS else _MEANT.get(name, name)


def _detected(data: bytes, label: str, guess: bool) -> str:
    # Western text is mostly ASCII letters; Cyrillic or Greek read as Windows-1252 is not.
    western = data.decode("cp1252", "replace")
    if "\ufffd" in western:  # five bytes are undefined there
        western = data.decode("latin-1")
    strange = [letter for letter in western if letter > "\x7f"]
    usual = sum(letter in _WESTERN for letter in strange)
    letters = sum(map(str.isalpha, western))
    looks_western = usual * 10 >= len(strange) * 9 and usual * 5 <= letters * 3
    if looks_western or not guess or (label and len(strange) < _PROOF):
        return western
    sample = data[:_SAMPLE]
    # Short ones are taken for anything: koi8-r for Japanese.
    sample = sample if len(sample) > _SHORT else sample * 6
    found = from_bytes(sample, cp_isolation=_CANDIDATES)
    best = found.best()
    if best is None or _no_better(found, best) or (label and best.chaos > _CHAOS):
        return western
    return _SURROGATES.sub("\ufffd", data.decode(best.encoding, "replace"))


def _no_better(found: CharsetMatches, best: CharsetMatch) -> bool:
    """Whether the Western reading is as good as the best one."""
    if best.encoding in _LATIN and best.coherence < _COHERENCE:
        return True
    return any(
        one.encoding == "cp1252"
        and one.chaos <= best.chaos + 0.03
        and one.coherence >= best.coherence - 0.02
        for one in found
    )


def header(value: str) -> str:
    """A header value as compat32 keeps it, with 8-bit bytes as surrogates, made Unicode.

    UTF-8 (RFC 6532), else Windows-1252: raw latin-1 in headers is against RFC 5322
    and common.
    """
    if value.isascii():
        return value
    octets = value.encode("utf-8", "surrogateescape")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return octets.decode("cp1252")
        except UnicodeDecodeError:
            return octets.decode("latin-1")


def words(value: str, *, guess: bool = True) -> str:
    """A header value with its encoded words (RFC 2047) decoded, exactly once.

    Adjacent words of one charset are joined as bytes first: many senders cut
    between the bytes of a letter. What is no encoded word stays as it is; so does
    an encoded word that decoding brings to light.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    pending, charset, position, pieces = b"", "", 0, 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        label = match[1].partition("*")[0].lower()  # RFC 2231 section 5: charset*language
        if between.strip() or not position or label != charset:
            out.append(text(pending, charset, guess=guess and pieces < _GUESSES))
            pieces += 1
            pending, charset = b"", label
            # Section 6.2: blanks between two encoded words are not shown.
            if between.strip() or not position:
                out.append(between)
        pending += _word_bytes(match[2], match[3])
        position = match.end()
    out += (text(pending, charset, guess=guess and pieces < _GUESSES), value[position:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    octets = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(octets, header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")


def one_line(value: str) -> str:
    """The text on one line, without controls, bidi controls and lone surrogates."""
    return " ".join(_SURROGATES.sub("", value).translate(_ONE_LINE).split())


def lines(value: str) -> str:
    r"""The text with `\n` line ends, without NUL and other controls but tab and newline."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if _UNWANTED.search(value):  # `translate` is slow where a text is not ASCII
        value = value.translate(_KEPT)
    return _SURROGATES.sub("\ufffd", value).removeprefix("\ufeff")


def unflow(value: str, delsp: bool) -> str:
    r"""A format=flowed text (`\n` line ends) with its paragraphs on one line each.

    RFC 3676 section 4: a line that ends in a blank flows into the next one of the
    same quote depth; a blank put in front (space-stuffing) goes; "-- " never flows.
    """
    out: list[str] = []
    flowing: list[str] = []
    depth_before = 0
    for line in value.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if flowing and (depth != depth_before or content == "-- "):
            out.append(_paragraph(flowing, depth_before))
            flowing = []
        if content.endswith(" ") and content != "-- ":
            flowing.append(content[:-1] if delsp else content)
        else:
            out.append(_paragraph([*flowing, content], depth))
            flowing = []
        depth_before = depth
    if flowing:
        out.append(_paragraph(flowing, depth_before))
    return "\n".join(out)


def _paragraph(pieces: list[str], depth: int) -> str:
    return ">" * depth + (" " if depth else "") + "".join(pieces)
