"""The serializer of outgoing mails: what goes in comes out, and nothing else does."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mime import HeaderInjection, Outgoing, clean, serialize, verify
from mailgate.mime_headers import parse
from rules.model import Address

PLAIN = Outgoing(
    sender=Address("support@fram.example", "Sébastien via FRAM"),
    to=Address("marie.dupont@fram.example", "Marie DUPONT"),
    subject="[FRAM][#1898][Note] Arrivée",
    message_id="mg-abc@fram.example",
    date=datetime(2026, 7, 21, 9, tzinfo=UTC),
    text="Bonjour",
)
BOTH = replace(PLAIN, html="<p>Bonjour</p>")
NAMES = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]

INJECTIONS = [
    pytest.param("=?utf-8?q?a=0D=0ABcc:_victim@y?=", id="doubly encoded CRLF"),
    pytest.param("=?utf-8?b?YQ0KQmNjOiB2aWN0aW1AeQ==?=", id="doubly encoded CRLF in base64"),
    pytest.param("a\r\nBcc: victim@y.example", id="CRLF"),
    pytest.param("a\r\n Bcc: victim@y.example", id="a fold"),
    pytest.param("a\rBcc: victim@y.example", id="bare CR"),
    pytest.param("a\nBcc: victim@y.example", id="bare LF"),
    pytest.param("a\r\n\r\nA body of its own", id="end of the headers"),
    pytest.param("a\u2028Bcc: victim@y.example", id="U+2028"),
    pytest.param("a\x85Bcc: victim@y.example", id="C1 next line"),
    pytest.param("a\x0b\x0c\x1c\x1dBcc: victim@y.example", id="other line ends of str.splitlines"),
    pytest.param("a\x00b\x7fc", id="NUL and DEL"),
    pytest.param("=\x00?utf-8?q?x?=", id="an encoded word around a control"),
    pytest.param("==??utf-8?q?a=0D=0AB:_c?=", id="an encoded word in an encoded word"),
    pytest.param("evil\u202efdp.exe", id="bidi override"),
    pytest.param('a" <victim@y.example>, "b', id="quotes and a second mailbox"),
    pytest.param("a\\", id="a backslash before the closing quote"),
    pytest.param("(a comment", id="an open comment"),
    pytest.param("a@b.example, c@d.example", id="a list of addresses"),
    pytest.param("group: a;", id="a group"),
    pytest.param("x" * 2000, id="one long word"),
    pytest.param("mot: " * 300, id="a thousand characters of short words ending in colons"),
    pytest.param("été " * 300, id="long and not ASCII"),
    pytest.param("\ud800 lone", id="a lone surrogate"),
    pytest.param("", id="nothing"),
    pytest.param("  a   b ", id="blanks"),
]
PIECES = [
    b"A:",
    b"b-C: ",
    b"From ",
    b"x y",
    b":",
    b" ",
    b"\t",
    b"\r\n",
    b"\r",
    b"\n",
    b"\x0b",
    b"\x85",
]
ANY_TEXT = st.text(max_size=200) | st.text('=?utf8qb_ \r\n\t:<>@"\\(),;\u2028\x85é€😀', max_size=90)


def finished(outgoing: Outgoing) -> Message:
    data = serialize(outgoing)
    verify(outgoing, data)
    assert data.isascii()
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    return email.message_from_bytes(data)


def decoded(value: str) -> str:
    pieces = decode_header(value.replace("\r\n", ""))
    return "".join(
        piece if isinstance(piece, str) else piece.decode(charset or "ascii")
        for piece, charset in pieces
    )


def parts(mail: Message) -> list[Message]:
    payload = mail.get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_hostile_text_stays_in_its_header(hostile: str) -> None:
    outgoing = replace(
        BOTH,
        subject=hostile,
        to=replace(BOTH.to, name=hostile),
        headers=(("X-Note", hostile),),
        files=((hostile, "text/plain", b"content"),),
    )
    mail = finished(outgoing)
    assert mail.keys() == [*NAMES[:5], "X-Note", *NAMES[5:]]
    assert decoded(mail["Subject"]) == clean(hostile)
    assert parseaddr(mail["To"].replace("\r\n", ""))[1] == BOTH.to.email
    file = parts(mail)[1]
    assert file.keys() == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
    assert file.get_filename() == (clean(hostile).strip() or "file")


@given(subject=ANY_TEXT, name=ANY_TEXT, file=ANY_TEXT)
def test_any_text_gives_exactly_the_intended_mail(subject: str, name: str, file: str) -> None:
    outgoing = replace(
        BOTH,
        subject=subject,
        to=replace(BOTH.to, name=name),
        files=((file, "application/pdf", b"%PDF"),),
    )
    mail = finished(outgoing)
    assert mail.keys() == NAMES
    assert decoded(mail["Subject"]) == clean(subject)
    shown, address = parseaddr(mail["To"].replace("\r\n", ""))
    assert (decoded(shown), address) == (clean(name), BOTH.to.email)
    alternative, attached = parts(mail)
    assert [body(one) for one in parts(alternative)] == ["Bonjour\r\n", "<p>Bonjour</p>\r\n"]
    assert (attached.get_filename(), attached.get_payload(decode=True)) == (
        clean(file).strip() or "file",
        b"%PDF",
    )


@given(text=st.text(st.characters(codec="utf-8")), html=st.text("<p>a =_\n\r.é字", max_size=300))
def test_any_body_comes_back(text: str, html: str) -> None:
    mail = finished(replace(PLAIN, text=text, html=f"<p>{html}</p>"))
    plain, rich = (body(one) for one in parts(mail))
    for found, meant in ((plain, text), (rich, f"<p>{html}</p>")):
        lines = meant.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
        assert found.replace("\r\n", "\n") == lines


@given(content=st.binary(max_size=400))
def test_any_file_comes_back(content: bytes) -> None:
    mail = finished(replace(PLAIN, files=(("a.bin", "application/octet-stream", content),)))
    assert parts(mail)[1].get_payload(decode=True) == content


@given(text=st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("length", [20, 78, 80, 120, 200])
def test_ids_fold_and_are_never_encoded(length: int) -> None:
    ids = tuple(f"{number}{'x' * (length - 12)}@y.example" for number in range(1, 9))
    data = serialize(replace(PLAIN, in_reply_to=ids[-1], references=ids))
    verify(replace(PLAIN, in_reply_to=ids[-1], references=ids), data)
    assert b"=?" not in data.partition(b"In-Reply-To")[2].partition(b"MIME-Version")[0]
    mail = email.message_from_bytes(data)
    assert mail["In-Reply-To"] == f"<{ids[-1]}>"
    assert mail["References"].split() == [f"<{one}>" for one in ids]
    folded = re.findall(rb"^(?:References:)? <", data, re.MULTILINE)
    assert len(folded) > 1


def test_ids_that_no_header_can_carry_are_left_out() -> None:
    bad = ("a b@c", "a>\r\nBcc: <x@y", "é@y", "x" * 901, "")
    mail = finished(replace(PLAIN, in_reply_to="a b", references=("good@y", *bad)))
    assert "In-Reply-To" not in mail
    assert mail["References"] == "<good@y>"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("Marie DUPONT", "Marie DUPONT <a@b.example>", id="atoms"),
        pytest.param("DUPONT, Marie", '"DUPONT, Marie" <a@b.example>', id="specials are quoted"),
        pytest.param('Marie "M" D', '"Marie \\"M\\" D" <a@b.example>', id="quotes are escaped"),
        pytest.param("Zoé", "=?utf-8?q?Zo=C3=A9?= <a@b.example>", id="not ASCII is encoded"),
        pytest.param("", "<a@b.example>", id="no name"),
    ],
)
def test_display_names(name: str, written: str) -> None:
    assert finished(replace(PLAIN, to=Address("a@b.example", name)))["To"] == written


def test_only_the_words_that_need_it_are_encoded() -> None:
    mail = finished(replace(PLAIN, subject="[FRAM][#1898][Note] Un été à Toulouse, le 01/08"))
    assert (
        mail["Subject"]
        == "[FRAM][#1898][Note] Un =?utf-8?q?=C3=A9t=C3=A9_=C3=A0?= Toulouse, le\r\n 01/08"
    )


def test_encoded_words_are_short_and_hold_whole_characters() -> None:
    subject = "😀字é" * 60
    mail = finished(replace(PLAIN, subject=subject))
    words = mail["Subject"].split()
    assert max(map(len, words)) <= 75
    assert "".join(str(make_header(decode_header(word))) for word in words) == subject
    lines = f"Subject: {mail['Subject']}".split("\r\n")
    assert max(map(len, lines)) <= 76  # RFC 2047 section 2


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("devis.pdf", 'filename="devis.pdf"', id="plain"),
        pytest.param("été.pdf", "filename*=utf-8''%C3%A9t%C3%A9.pdf", id="RFC 2231"),
        pytest.param('a"b.pdf', "filename*=utf-8''a%22b.pdf", id="a quote"),
    ],
)
def test_file_names(name: str, written: str) -> None:
    data = serialize(replace(PLAIN, files=((name, "application/pdf", b""),)))
    assert written.encode() in data


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "a\r\nX: y", "text", "a/b; c"]
)
def test_a_type_that_base64_or_a_header_cannot_carry_becomes_a_stream(kind: str) -> None:
    mail = finished(replace(PLAIN, files=(("a", kind, b"x"),)))
    assert parts(mail)[1].get_content_type() == "application/octet-stream"


def test_a_domain_travels_as_idna() -> None:
    mail = finished(replace(PLAIN, to=Address("marie@exämple.fr")))
    assert mail["To"] == "<marie@xn--exmple-cua.fr>"


def test_a_local_part_that_is_not_ascii_travels_as_utf8() -> None:
    outgoing = replace(PLAIN, to=Address("zoé@fram.example", "Zoé"))
    data = serialize(outgoing)
    verify(outgoing, data)
    assert "<zoé@fram.example>".encode() in data


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("a@b.example\r\nBcc: c@d.example", id="CRLF"),
        pytest.param("a@b.example>, <c@d.example", id="a second mailbox"),
        pytest.param("a@b.example (c)", id="a comment"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_address_that_reads_otherwise_is_refused(address: str) -> None:
    outgoing = replace(PLAIN, to=Address(address))
    with pytest.raises(HeaderInjection):
        verify(outgoing, serialize(outgoing))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"Subject:", b"Bcc: c@d.example\r\nSubject:", id="one header more"),
        pytest.param(b"MIME-Version: 1.0\r\n", b"", id="one header less"),
        pytest.param(b"Marie DUPONT", b"Marie", id="another name"),
        pytest.param(b"<marie.", b"<mario.", id="another recipient"),
        pytest.param(b"Note", b"Notes", id="another subject"),
        pytest.param(b"MIME-Version", b"X: a\nMIME-Version", id="a bare LF"),
        pytest.param(b"mg-abc", b"mg-abd", id="another id"),
        pytest.param(b"a.pdf", b"b.pdf", id="another file name"),
        pytest.param(b"Content-Disposition", b"X-Other", id="another header of a file"),
        pytest.param(b"To: ", b"To: " + b" " * 1000, id="a line that is too long"),
        pytest.param(b"To: ", b"\r\n", id="headers that end early"),
    ],
)
def test_a_mail_that_says_something_else_is_refused(old: bytes, new: bytes) -> None:
    outgoing = replace(BOTH, files=(("a.pdf", "application/pdf", b"x"),))
    data = serialize(outgoing)
    assert old in data
    with pytest.raises(HeaderInjection):
        verify(outgoing, data.replace(old, new))


@given(st.lists(st.sampled_from(PIECES) | st.just(b"\r\nX: y"), max_size=12).map(b"".join))
def test_a_head_that_is_accepted_reads_the_same_to_the_standard_library(head: bytes) -> None:
    try:
        found = parse(head)
    except ValueError:
        return
    message = email.message_from_bytes(head + b"\r\n\r\n")
    assert not message.defects
    assert found == [(name, raw.replace("\r\n", "")) for name, raw in message.raw_items()]
