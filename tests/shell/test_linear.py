"""A mail of a megabyte, whatever stands in it, is read in seconds."""

import time
from collections.abc import Callable

import pytest

from mailgate import verdicts
from mailgate.attachments import attachment_bytes
from mailgate.parse import parse
from tests import winmail

MEGABYTE = 1_000_000
LIMIT = 2.0  # seconds; the slowest takes half a second on a slow machine


def filled(piece: bytes, size: int = MEGABYTE) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def text(piece: bytes, kind: str = "text/plain") -> bytes:
    return b"From: a@x.example\nContent-Type: " + kind.encode() + b"\n\n" + filled(piece)


def header(name: bytes, piece: bytes, size: int = MEGABYTE) -> bytes:
    return b"From: a@x.example\n" + name + b": " + filled(piece, size) + b"\n\nBonjour\n"


def parts(head: bytes, body: bytes, number: int = 10_000, kind: bytes = b"mixed") -> bytes:
    one = b"--b\n" + head + b"\n\n" + body + b"\n"
    return b"Content-Type: multipart/" + kind + b"; boundary=b\n\n" + one * number + b"--b--\n"


def packed(*attributes: bytes) -> bytes:
    return b"Content-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n" + (
        winmail.stream(*attributes)
    )


def bounced(first: bytes, piece: bytes) -> bytes:
    """A bounce in words, of which one dialect or another makes something."""
    head = b"From: MAILER-DAEMON@x.example\nSubject: Undeliverable\n\n"
    return head + first + b"\n" + filled(piece)


BOMBS: dict[str, Callable[[], bytes]] = {
    ">": lambda: text(b">"),
    "> lines": lambda: text(b"> \n"),
    "blanks": lambda: text(b" "),
    "newlines": lambda: text(b"\n"),
    "carriage returns": lambda: text(b"\r"),
    "On On On": lambda: text(b"On "),
    "On lines": lambda: text(b"On \n"),
    "flowed": lambda: text(b"> a \n", "text/plain; format=flowed"),
    "letters of no charset": lambda: text(b"\xe9\xff\x81"),
    "Cyrillic under a Western label": lambda: text(
        "Добрый день ".encode("koi8-r"), "text/plain; charset=iso-8859-1"
    ),
    "escapes": lambda: text(b"\x1b$B"),
    "nested tags": lambda: text(b"<div>", "text/html"),
    "nested quotes": lambda: text(b"<blockquote>", "text/html"),
    "unclosed tags": lambda: text(b"<a ", "text/html"),
    "unclosed attributes": lambda: text(b'<a href="', "text/html"),
    "comments": lambda: text(b"<!--", "text/html"),
    "entities": lambda: text(b"&amp", "text/html"),
    "meta": lambda: text(b"<meta ", "text/html"),
    "tables": lambda: text(b"<table><tr><td>", "text/html"),
    "parts": lambda: parts(b"Content-Type: text/plain", b"x"),
    "empty parts": lambda: parts(b"", b""),
    "named parts": lambda: parts(b"Content-Disposition: attachment; filename=a", b"x"),
    "names of no charset": lambda: parts(
        b'Content-Disposition: attachment; filename="' + b"=?x?q?=E9=FF=81?= " * 40 + b'"',
        b"x",
        900,
    ),
    "texts of no charset": lambda: parts(b"", b"\xc4\xcf\xc2\xd2\xd9\xca " * 40, 900),
    "messages": lambda: parts(b"Content-Type: message/rfc822", b"Subject: x\n\nx"),
    "a digest": lambda: parts(b"", b"Subject: x\n\nx", kind=b"digest"),
    "alternatives": lambda: parts(b"Content-Type: text/html", b"<p>x", kind=b"alternative"),
    "multiparts in multiparts": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(10_000)
    ),
    "messages in messages": lambda: filled(b"Content-Type: message/rfc822\n\n"),
    "boundaries": lambda: parts(b"", b"--b" * 300_000, 1),
    "headers": lambda: filled(b"X-A: b\n") + b"\n\nBonjour\n",
    "one header": lambda: filled(b"a") + b": b\n\nBonjour\n",
    "no header": lambda: filled(b"a b\n") + b"From: a@x.example\n\nBonjour\n",
    "a folded header": lambda: header(b"Subject", b"a\n "),
    "bad lines among the headers": lambda: filled(b"a b\nFrom: a@x.example\n") + b"\n\nBonjour\n",
    "Subject of encoded words": lambda: header(b"Subject", b"=?utf-8?q?=C3?= "),
    "Subject of half encoded words": lambda: header(b"Subject", b"=?a?q?"),
    "commas in To": lambda: header(b"To", b",", 100_000),
    "quotes in To": lambda: header(b"To", b'"', 100_000),
    "brackets in From": lambda: header(b"From", b"<", 100_000),
    "comments in From": lambda: header(b"From", b"(", 100_000),
    "encoded words in Cc": lambda: header(b"Cc", b"=?x?q?=E9=FF?= <a@x.example>, ", 100_000),
    "From after From": lambda: b"From: (((((a@x.example\n" * 40_000 + b"\nBonjour\n",
    "references": lambda: header(b"References", b"<a@x> "),
    "brackets in References": lambda: header(b"References", b"<"),
    "parameters": lambda: header(b"Content-Type", b"a=b;"),
    "quoted parameters": lambda: header(b"Content-Type", b'text/plain; a="\\'),
    "pieces of a parameter": lambda: header(
        b"Content-Disposition", b"attachment; filename*1*=a; filename*0*=b; "
    ),
    "a boundary": lambda: header(b"Content-Type", b"multipart/mixed; boundary=") + filled(b"--"),
    "base64": lambda: b"Content-Transfer-Encoding: base64\n\n" + filled(b"QUJD"),
    "equal signs": lambda: b"Content-Transfer-Encoding: quoted-printable\n\n" + filled(b"="),
    "uuencode": lambda: b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n" + filled(b"M\n"),
    "attributes of a winmail.dat": lambda: packed(*[winmail.attribute(1, 1, b"")] * 80_000),
    "files of a winmail.dat": lambda: packed(
        *[winmail.attribute(2, 0x9002, b""), winmail.attribute(2, 0x800F, b"")] * 40_000
    ),
    "a count that lies": lambda: packed(
        winmail.attribute(1, 0x9003, b"\xff\xff\xff\xff" + bytes(16))
    ),
    "values that lie": lambda: packed(
        winmail.attribute(
            1, 0x9003, b"\x01\x00\x00\x00\x1e\x10\x00\x10\xff\xff\xff\xff" + bytes(MEGABYTE)
        )
    ),
    "a bounce, one letter": lambda: bounced(
        b"A message that you sent could not be delivered", b"a"
    ),
    "a bounce, brackets": lambda: bounced(b"Your message could not be delivered to", b"<"),
    "a bounce, empty lines": lambda: bounced(b"Did not reach the following recipient", b"\n"),
    "a bounce, addresses": lambda: bounced(b"- no such user here", b"a@b.example\n"),
    "a bounce, blanks": lambda: bounced(b"failed addresses follow:", b" " * 198 + b"\n"),
    "a bounce, references": lambda: bounced(b"Sorry.", b"mg-" + b"a" * 25),
    "an absence, dates": lambda: (
        b"Subject: Automatic reply\nAuto-Submitted: auto-replied\n\n" + filled(b"until 1/")
    ),
    "an absence, letters of accents": lambda: (
        b"Subject: Absence\nContent-Type: text/plain;"
        b" charset=utf-8\n\n" + filled("é\u0301\u0327".encode())
    ),
    "a subject of failure": lambda: header(b"Subject", b"undeliver "),
    "Precedence": lambda: header(b"Precedence", b"bulk "),
    "Auto-Submitted": lambda: header(b"Auto-Submitted", b"("),
    "X-Failed-Recipients": lambda: header(b"X-Failed-Recipients", b"a@x.example, "),
    "compressed RTF": lambda: packed(
        winmail.attribute(
            1,
            0x9003,
            winmail.properties(
                winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(filled(b"a")))
            ),
        )
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_megabyte_is_read_in_seconds(bomb: str) -> None:
    raw = BOMBS[bomb]()
    # Processor time: what else runs on the machine does not count.
    begin = time.process_time()
    mail = parse(raw)
    verdicts.judge(raw, mail)
    for attachment in mail.attachments[:3]:
        attachment_bytes(raw, attachment.part)
    assert time.process_time() - begin < LIMIT
