"""Raw bytes to Mail: what mail-parser or the standard parser get wrong, and hostile bytes."""

import email
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate import decode, headblock, htmltext, mimetree
from mailgate.attachments import attachment_bytes
from mailgate.parse import parse
from rules.model import Address

MAILS = Path(__file__).parent.parent / "mails"
GOOD = [path.read_bytes() for path in sorted(MAILS.glob("*.eml"))]
PLAIN = b"From: Marie <marie@x.example>\nSubject: Badge\nMessage-ID: <1@x.example>\n\nBonjour\n"


def mail(headers: str, body: bytes = b"Bonjour\n") -> bytes:
    return headers.encode("utf-8", "surrogateescape") + b"\n\n" + body


def read(name: str) -> bytes:
    return (MAILS / name).read_bytes()


# -- headers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        pytest.param("Badge", "Badge", id="plain"),
        pytest.param("=?utf-8?q?R=C3=A9solu?=", "Résolu", id="quoted-printable"),
        pytest.param("=?UTF-8?B?UsOpc29sdQ==?=", "Résolu", id="base64"),
        pytest.param("=?utf-8?q?R=C3?= =?utf-8?q?=A9solu?=", "Résolu", id="letter cut in two"),
        pytest.param("=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab", id="folded words join"),
        pytest.param("=?utf-8?q?a?= b", "a b", id="word and text keep the blank"),
        pytest.param("=?iso-8859-1?q?=80?=", "€", id="latin-1 means windows-1252"),
        pytest.param("=?utf-8?q?caf=E9?=", "café", id="label lies"),
        pytest.param("=?x-unknown?q?caf=E9?=", "café", id="label unknown"),
        pytest.param("=?utf-8?b?UsOpc29sdQ?=", "Résolu", id="padding lost"),
        pytest.param("=?utf-8*fr?q?R=C3=A9solu?=", "Résolu", id="language tag"),
        pytest.param("a\n b\n\tc", "a b c", id="folded"),
        pytest.param("a\x00b\x07c\u2028d", "ab c d", id="controls"),
        pytest.param("[FRAM][#1898] x\u202egpj", "[FRAM][#1898] xgpj", id="bidi override"),
        pytest.param("=?utf-8?q?a=0D=0AB?=", "a B", id="encoded line end"),
        pytest.param("=?utf-8?x?y?=", "=?utf-8?x?y?=", id="no encoded word"),
    ],
)
def test_subject_is_decoded_once_on_one_line(value: str, subject: str) -> None:
    assert parse(mail(f"Subject: {value}")).subject == subject


def test_the_first_of_two_subjects_counts() -> None:
    assert parse(mail("Subject: un\nSubject: deux")).subject == "un"


def test_a_doubly_encoded_subject_stays_text() -> None:
    subject = parse(read("doubly-encoded-subject.eml")).subject
    assert subject == "=?utf-8?q?a=0D=0ABcc:_victim@y.example?="


def test_encoded_line_ends_reach_neither_subject_nor_name() -> None:
    read_mail = parse(read("singly-encoded-crlf.eml"))
    assert read_mail.subject == "Bonjour Bcc: victim@y.example"
    assert read_mail.sender is not None
    assert read_mail.sender.email == "marie.dupont@agence.example"
    assert "\n" not in read_mail.sender.name
    assert "\r" not in read_mail.sender.name


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        pytest.param("Marie@X.example", Address("marie@x.example"), id="bare, lower case"),
        pytest.param("<a@x.example>", Address("a@x.example"), id="in brackets"),
        pytest.param(
            '"DUPONT, Marie" <a@x.example>', Address("a@x.example", "DUPONT, Marie"), id="comma"
        ),
        pytest.param("a@x.example <a@x.example>", Address("a@x.example"), id="name is the address"),
        pytest.param(
            "agent@ours.example <evil@x.example>",
            Address("evil@x.example", "agent@ours.example"),
            id="address as name",
        ),
        pytest.param(
            '"agent@ours.example" <evil@x.example>',
            Address("evil@x.example", "agent@ours.example"),
            id="quoted address as name",
        ),
        pytest.param(
            "=?utf-8?q?H=C3=A9l=C3=A8ne?= <h@x.example>",
            Address("h@x.example", "Hélène"),
            id="encoded name",
        ),
        pytest.param(
            '"=?utf-8?q?H=C3=A9l=C3=A8ne?=" <h@x.example>',
            Address("h@x.example", "Hélène"),
            id="encoded name in quotes",
        ),
        pytest.param(
            "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?= <h@x.example>",
            Address("h@x.example", "=?utf-8?q?a?="),
            id="doubly encoded name",
        ),
        pytest.param("Hélène <h@x.example>", Address("h@x.example", "Hélène"), id="utf-8 name"),
        pytest.param("nobody", None, id="no address"),
        pytest.param("a@x.example, b@x.example", Address("a@x.example"), id="the first of two"),
        pytest.param("Marie a@x.example", Address("a@x.example"), id="no brackets"),
        pytest.param("<a@x.example> Marie <", Address("a@x.example"), id="the wrong way round"),
    ],
)
def test_sender(value: str, sender: Address | None) -> None:
    assert parse(mail(f"From: {value}")).sender == sender


def test_every_from_address_is_kept() -> None:
    read_mail = parse(
        mail("From: a@x.example, b@x.example\nFrom: C <c@x.example>\nFrom: a@x.example")
    )
    assert [address.email for address in read_mail.senders] == [
        "a@x.example",
        "b@x.example",
        "c@x.example",
    ]


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        pytest.param(
            "Sender: S <s@x.example>\nReturn-Path: <r@x.example>",
            Address("s@x.example", "S"),
            id="Sender",
        ),
        pytest.param(
            "From: nobody\nReturn-Path: <r@x.example>", Address("r@x.example"), id="Return-Path"
        ),
        pytest.param("From: MAILER-DAEMON\nReturn-Path: <>", None, id="null Return-Path"),
        pytest.param("Subject: x", None, id="nothing"),
    ],
)
def test_sender_without_a_from_address(headers: str, sender: Address | None) -> None:
    assert parse(mail(headers)).sender == sender
    assert parse(mail(headers)).senders == ()


def test_addresses_without_commas_are_all_senders() -> None:
    senders = parse(mail("From: agent@ours.example evil@x.example")).senders
    assert [one.email for one in senders] == ["agent@ours.example", "evil@x.example"]


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        pytest.param(b"A: b\nSubject : un\n\nx", "un", "x", id="a blank before the colon"),
        pytest.param(b" A: b\nSubject: un\n\nx", "un", "x", id="a blank before the first name"),
        pytest.param(b"A: b\nodd\nSubject: un\n\nx", "un", "x", id="a bad line above"),
        pytest.param(b"A: b\r\nodd\r\nSubject: un\r\n\r\nx", "un", "x", id="CRLF"),
        pytest.param(b"Subject: un\nodd\n\nx", "un", "odd\n\nx", id="a bad line below"),
        pytest.param(
            b"Subject: un\nodd\nTo: all\n\nx", "un", "odd\nTo: all\n\nx", id="a text without a gap"
        ),
        pytest.param(
            b"Subject: un\nodd\nSubject: deux\n\nx",
            "un",
            "odd\nSubject: deux\n\nx",
            id="a text that quotes a header",
        ),
        pytest.param(
            b"A: b\n" + b"odd\n" * 21 + b"Subject: un\n\nx",
            "",
            "odd\n" * 21 + "Subject: un\n\nx",
            id="a long text",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed;\nboundary=b\nSubject: un\n\n--b\n\nx\n--b--",
            "un",
            "x",
            id="a parameter that lost its indent",
        ),
        pytest.param(
            b'Subject: un\nContent-Type: multipart/mixed; boundary="a\n b"\n\n--a b\n\nx\n--a b--',
            "un",
            "x",
            id="a folded boundary",
        ),
    ],
)
def test_bad_lines_among_the_headers(raw: bytes, subject: str, text: str) -> None:
    read_mail = parse(raw)
    assert (read_mail.subject, read_mail.text) == (subject, text)


def test_no_stranger_lengthens_what_our_server_wrote() -> None:
    name = "authentication-results"
    for odd in ("dmarc=pass", "Authentication-Results : ours; dmarc=pass"):
        raw = mail(f"Authentication-Results: ours; dmarc=fail\n{odd}\nFrom: a@x.example")
        read_mail = parse(raw)
        assert read_mail.sender == Address("a@x.example")
        assert read_mail.headers[name] == ("ours; dmarc=fail",)


def test_recipients_of_repeated_headers_are_joined() -> None:
    read_mail = parse(
        mail("To: A <a@x.example>\nTo: b@x.example\nCc: C@x.example\nReply-To: d@x.example")
    )
    assert [address.email for address in read_mail.to] == ["a@x.example", "b@x.example"]
    assert read_mail.cc == (Address("c@x.example"),)
    assert read_mail.reply_to == (Address("d@x.example"),)


@pytest.mark.parametrize(
    ("headers", "message_id", "references"),
    [
        pytest.param("Message-ID: <a@x>", "a@x", (), id="bracketed"),
        pytest.param("Message-ID: a@x", "a@x", (), id="without brackets"),
        pytest.param("Message-ID: <a@x>\nMessage-ID: <b@x>", "a@x", (), id="two"),
        pytest.param(
            "Message-ID: <a@x>\nReferences: <b@x>\r\n <c@x>\r\n\t<b@x>",
            "a@x",
            ("b@x", "c@x"),
            id="folded, each once",
        ),
        pytest.param(
            "Message-ID: <a@x>\nReferences: <b\r\n @x>", "a@x", ("b@x",), id="folded inside"
        ),
        pytest.param(
            "Message-ID: <a@x>\nReferences: =?us-ascii?q?=3Cb=40x=3E?=",
            "a@x",
            ("b@x",),
            id="encoded",
        ),
        pytest.param("Message-ID: <a@x>\nReferences: <>", "a@x", (), id="empty"),
    ],
)
def test_ids(headers: str, message_id: str, references: tuple[str, ...]) -> None:
    read_mail = parse(mail(headers))
    assert read_mail.message_id == message_id
    assert read_mail.references == references


def test_a_missing_message_id_is_made_from_the_bytes() -> None:
    first, again, other = parse(mail("A: b")), parse(mail("A: b")), parse(mail("A: c"))
    assert re.fullmatch(r"sha256-[0-9a-f]{32}@mailgate\.invalid", first.message_id)
    assert first.message_id == again.message_id != other.message_id


@pytest.mark.parametrize(
    ("value", "date"),
    [
        pytest.param(
            "Mon, 3 Aug 2026 10:12:00 +0200", datetime(2026, 8, 3, 8, 12, tzinfo=UTC), id="offset"
        ),
        pytest.param("3 Aug 2026 10:12 GMT", datetime(2026, 8, 3, 10, 12, tzinfo=UTC), id="short"),
        pytest.param("lundi 3 août 2026", None, id="French"),
        pytest.param("Mon, 33 Aug 2026 10:12:00 +0200", None, id="no such day"),
        pytest.param("", None, id="empty"),
        pytest.param("Mon, 3 Aug 2099 10:12:00 +0200", None, id="in the future"),
    ],
)
def test_date(value: str, date: datetime | None) -> None:
    received = datetime(2026, 8, 3, 9, tzinfo=UTC)
    assert parse(mail(f"Date: {value}"), received).date == date


def test_headers_that_verdicts_need_are_kept() -> None:
    raw = mail(
        "X-Auto-Response-Suppress: All\nSUBJECT: x\nX-MS-Exchange-Organization-AuthAs: Internal\n"
        "Authentication-Results: un;\n dmarc=pass\nAuthentication-Results: deux\n"
        "X-Own: 1\nX-Other: 2"
    )
    assert parse(raw, keep=frozenset({"x-own"})).headers == {
        "x-auto-response-suppress": ("All",),
        "x-ms-exchange-organization-authas": ("Internal",),
        "authentication-results": ("un; dmarc=pass", "deux"),
        "x-own": ("1",),
    }


def test_raw_latin1_headers_and_text() -> None:
    read_mail = parse(read("raw-latin1.eml"))
    assert read_mail.subject == "Arrivée d'un salarié à Nîmes"
    assert read_mail.sender == Address("helene.lefevre@agence.example", "Hélène Lefèvre")
    assert read_mail.text == "Le salarié arrive à Nîmes, déjà équipé."


# -- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["label-lies.eml", "label-lies-utf8.eml"])
def test_a_charset_label_that_lies(name: str) -> None:
    assert parse(read(name)).text == "Déjà reçu : « 12 € », l’écran est cassé."


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        pytest.param("é".encode(), "utf-8", "é", id="true label"),
        pytest.param("é".encode(), "", "é", id="no label, UTF-8"),
        pytest.param("déjà vu".encode("cp1252"), "", "déjà vu", id="no label, Windows"),
        pytest.param("déjà vu".encode("cp1252"), "us-ascii", "déjà vu", id="ASCII that is not"),
        pytest.param("déjà".encode("utf-16"), "utf-16", "déjà", id="UTF-16"),
        pytest.param(
            "Добрый день, это проверка".encode("koi8-r"),
            "koi8-r",
            "Добрый день, это проверка",
            id="KOI8-R",
        ),
        pytest.param("日本語".encode("iso2022_jp"), "ISO-2022-JP", "日本語", id="ISO-2022-JP"),
        pytest.param("镕".encode("gb18030"), "gb2312", "镕", id="GB2312 means GB18030"),
        pytest.param(
            "d\xe9j\xe0".encode("latin-1"), "punycode", "déjà", id="a codec that is no charset"
        ),
        pytest.param(b"caf\xe9 \x81", "iso-8859-1", "café \x81", id="undefined in Windows-1252"),
        pytest.param(
            "Добрый день, пропуск потерян".encode("cp1251"),
            "windows-1252",
            "Добрый день, пропуск потерян",
            id="Cyrillic under a Western label",
        ),
        pytest.param(
            "Dzień dobry, użytkownicy się skarżą, że nie działa".encode("iso-8859-2"),
            "iso-8859-1",
            "Dzień dobry, użytkownicy się skarżą, że nie działa",
            id="Polish under a Western label",
        ),
        pytest.param(
            "Það er svo gaman að skrifa, þú veist það".encode("cp1252"),
            "iso-8859-1",
            "Það er svo gaman að skrifa, þú veist það",
            id="a rare Western language",
        ),
        pytest.param(
            "pâte à 3 ¤ ¬ ¶".encode("cp1252"), "cp1252", "pâte à 3 ¤ ¬ ¶", id="rare signs"
        ),
        pytest.param("日本語".encode("iso2022_jp"), "", "日本語", id="ISO-2022-JP, no label"),
        pytest.param(
            "안녕".encode("iso2022_kr"), "us-ascii", "안녕", id="ISO-2022-KR, ASCII label"
        ),
        pytest.param("déjà".encode("utf-16"), "utf-8", "déjà", id="UTF-16, UTF-8 label"),
        pytest.param(
            "Καλημέρα, ο εκτυπωτής δεν λειτουργεί".encode("cp1253"),
            "x-unknown",
            "Καλημέρα, ο εκτυπωτής δεν λειτουργεί",
            id="Greek",
        ),
        pytest.param("¿Qué pasó?".encode("cp1252"), "", "¿Qué pasó?", id="a few words"),
        pytest.param(b"abc", "base64", "abc", id="a codec of bytes"),
        pytest.param(b"abc", "x" * 5000, "abc", id="absurd label"),
    ],
)
def test_bytes_to_text(data: bytes, label: str, text: str) -> None:
    assert decode.text(data, label) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(mail("A: b", b"a\x00b\x07\r\nc\rd\n"), "ab\nc\nd", id="NUL, bell, line ends"),
        pytest.param(
            mail(
                "Content-Type: text/plain; format=flowed", b"un \ndeux\n> a \n> b\n>> c\n-- \nx\n"
            ),
            "un deux\n> a b\n>> c\n-- \nx",
            id="flowed",
        ),
        pytest.param(
            mail("Content-Type: text/plain; format=flowed; delsp=yes", b"un \ndeux\n"),
            "undeux",
            id="flowed, DelSp",
        ),
        pytest.param(
            mail("Content-Transfer-Encoding: base64", b"Qm9uam91cg"),
            "Bonjour",
            id="base64 without padding",
        ),
        pytest.param(
            mail("Content-Transfer-Encoding: quoted-printable ", b"d=C3=A9j=C3=A0"),
            "déjà",
            id="encoding with a blank",
        ),
        pytest.param(
            mail("Content-Type: text/html", b"<p>Un</p><p>Deux<br>trois</p>"),
            "Un\n\nDeux\ntrois",
            id="HTML only",
        ),
        pytest.param(
            mail("Content-Type: multipart/mixed; boundary=b", b"--b\n\nun\n--b\n\ndeux\n--b--"),
            "un\n\ndeux",
            id="plain parts joined",
        ),
        pytest.param(
            mail(
                "Content-Type: multipart/alternative; boundary=b",
                b"--b\nContent-Type: text/plain\n\n \n"
                b"--b\nContent-Type: text/html\n\n<b>x</b>\n--b--",
            ),
            "x",
            id="empty plain part",
        ),
        pytest.param(
            mail(
                "Content-Type: multipart/mixed; boundary=b",
                b"--b\nContent-Type: text/html\n\n<b>x</b>\n--b\n\nfooter\n--b--",
            ),
            "x\n\nfooter",
            id="HTML and a plain footer",
        ),
        pytest.param(
            mail("Content-Type: multipart/mixed; boundary=b", b"no boundary"),
            "no boundary",
            id="multipart without its boundary",
        ),
        pytest.param(
            mail(
                "Content-Type: multipart/mixed; boundary=b",
                b"--b\nContent-Type: text/plain; name=a.txt\n\nnamed\n--b--",
            ),
            "named",
            id="a named text and nothing else",
        ),
        pytest.param(b"\nno headers", "no headers", id="no headers"),
        pytest.param(b"", "", id="no bytes"),
    ],
)
def test_text(raw: bytes, text: str) -> None:
    assert parse(raw).text == text


def test_html_only_is_marked() -> None:
    read_mail = parse(read("outlook-fr.eml"))
    assert read_mail.from_html
    assert read_mail.text.startswith("Bonjour Sébastien,\nLe badge n’est pas arrivé.")
    assert "arriv\u00e9" in read_mail.html
    assert not parse(PLAIN).from_html


def test_body_digest_ignores_headers_and_line_ends() -> None:
    digest = parse(PLAIN).body_digest
    assert parse(b"A: b\n\nBonjour\n").body_digest == digest
    assert parse(PLAIN.replace(b"\n", b"\r\n")).body_digest == digest
    assert parse(PLAIN + b"x").body_digest != digest


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("a<br>b", "a\nb", id="br"),
        pytest.param(
            "<ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol>", "- a\n- b\n1. c\n2. d", id="lists"
        ),
        pytest.param(
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc", id="table"
        ),
        pytest.param("<pre>a\n  b</pre>", "a\n  b", id="pre"),
        pytest.param("a\n b &lt;c&gt; &eacute;", "a b <c> é", id="blanks and entities"),
        pytest.param("<style>x</style><script>y</script><title>z</title>a", "a", id="unseen"),
        pytest.param("<div style='display:none'>x</div>a", "a", id="hidden"),
        pytest.param("<!-- x --><!DOCTYPE html><?xml?>a", "a", id="comments"),
        pytest.param("<!-- never closed a", "<!-- never closed a", id="unclosed comment"),
        pytest.param('<p title="1 > 2">a', "a", id="> in an attribute"),
        pytest.param('<p title="1 >a', "a", id="unclosed attribute"),
        pytest.param("1 < 2 <3", "1 < 2 <3", id="< as text"),
        pytest.param(
            "<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb", id="Outlook lines"
        ),
        pytest.param("<blockquote>a</blockquote>b", "> a\nb", id="blockquote"),
        pytest.param("<div>" * 5000 + "a", "a", id="deeper than any library goes"),
        pytest.param("<div style='margin-top:99999999em'>a</div>", "a", id="no margins"),
    ],
)
def test_html_to_text(html: str, text: str) -> None:
    assert htmltext.text(html) == text


# -- attachments -----------------------------------------------------------------------------


def test_attached_messages_stay_closed() -> None:
    read_mail = parse(read("forwarded-message.eml"))
    assert read_mail.text == "Voir le mail joint."
    assert [(a.name, a.type, a.content_id) for a in read_mail.attachments] == [
        ("Contrat signé _ Jean.eml", "message/rfc822", ""),
        ("piece-6.ics", "text/calendar", ""),
        ("piece-7.png", "image/png", "logo@agence.example"),
    ]
    inner = attachment_bytes(read("forwarded-message.eml"), read_mail.attachments[0].part)
    assert b"Le secret de la RH." in inner
    assert inner.startswith(b"From: rh@agence.example")


@pytest.mark.parametrize("raw", GOOD, ids=[path.stem for path in sorted(MAILS.glob("*.eml"))])
def test_parts_are_ranks_of_walk(raw: bytes) -> None:
    walked = list(email.message_from_bytes(raw).walk())
    for attachment in parse(raw).attachments:
        assert walked[int(attachment.part)].get_content_type() == attachment.type
        data = attachment_bytes(raw, attachment.part)
        assert len(data) == attachment.size
        if not attachment.type.startswith("message/"):
            assert walked[int(attachment.part)].get_payload(decode=True) == data


def test_a_part_that_does_not_exist() -> None:
    with pytest.raises(LookupError, match="no part 7"):
        attachment_bytes(PLAIN, "7")


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        pytest.param('Content-Disposition: attachment; filename="a.pdf"', "a.pdf", id="plain"),
        pytest.param(
            "Content-Disposition: attachment; filename*=utf-8''d%C3%A9j%C3%A0.pdf",
            "déjà.pdf",
            id="RFC 2231",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename*0="a"; filename*1="b.pdf"',
            "ab.pdf",
            id="RFC 2231 pieces",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="=?utf-8?q?d=C3=A9j=C3=A0=2Epdf?="',
            "déjà.pdf",
            id="RFC 2047 in quotes",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="déjà.pdf"', "déjà.pdf", id="raw UTF-8"
        ),
        pytest.param(
            'Content-Type: application/pdf; name="a.pdf"', "a.pdf", id="name of Content-Type"
        ),
        pytest.param("Content-Disposition: inline; name=a.pdf", "a.pdf", id="name of disposition"),
        pytest.param('Content-Type: a/b; filename="a.pdf"', "a.pdf", id="filename of Content-Type"),
        pytest.param("Content-Type: a/b; file=a.pdf", "a.pdf", id="file of Content-Type"),
        pytest.param(
            "Content-Disposition: attachment; filename*=us-ascii''d%E9j%E0.pdf",
            "déjà.pdf",
            id="RFC 2231, label lies",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="../../etc/passwd"', "passwd", id="folders"
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="C:\\\\x\\\\a.pdf"',
            "a.pdf",
            id="Windows folders",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="...htaccess"', "htaccess", id="leading dots"
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="a\x07\x00b.pdf"', "a b.pdf", id="controls"
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="a\u202efdp.exe"',
            "afdp.exe",
            id="bidi override",
        ),
        pytest.param(
            'Content-Disposition: attachment; filename=".."', "piece-1.bin", id="nothing left"
        ),
        pytest.param(
            'Content-Disposition: attachment; filename="' + "a" * 300 + '.pdf"',
            "a" * 116 + ".pdf",
            id="too long",
        ),
        pytest.param("Content-Type: image/jpeg", "piece-1.jpg", id="unnamed image"),
        pytest.param("Content-Type: application/pdf", "piece-1.pdf", id="unnamed PDF"),
        pytest.param(
            "Content-Disposition: attachment; filename*0=a; filename*=b",
            "piece-1.bin",
            id="pieces that email cannot sort",
        ),
    ],
)
def test_file_names(headers: str, name: str) -> None:
    if "Content-Type" not in headers:
        headers += "\nContent-Type: application/octet-stream"
    raw = mail("Content-Type: multipart/mixed; boundary=b", b"--b\n" + mail(headers) + b"\n--b--\n")
    assert [attachment.name for attachment in parse(raw).attachments] == [name]


def test_parts_of_an_attached_multipart_are_attachments() -> None:
    inner = mail(
        "Content-Type: multipart/mixed; boundary=i\nContent-Disposition: attachment",
        b"--i\n\nx\n--i--\n",
    )
    raw = mail(
        "Content-Type: multipart/mixed; boundary=b", b"--b\n\nun\n--b\n" + inner + b"--b--\n"
    )
    assert parse(raw).text == "un"
    assert [attachment.name for attachment in parse(raw).attachments] == ["piece-3.txt"]


# -- hostile bytes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i)
                for i in range(3000)
            ),
            id="deep",
        ),
        pytest.param(
            mail("Content-Type: multipart/mixed; boundary=b", b"--b\n\nx\n" * 5000), id="many parts"
        ),
        pytest.param(
            mail("Content-Type: multipart/digest; boundary=b", b"--b\n\n" * 5000),
            id="many messages",
        ),
    ],
)
def test_caps(raw: bytes) -> None:
    assert "parts were left out: too many or too deep" in parse(raw).defects


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"Content-Type: message/rfc822\n\n" * 2000, id="messages in messages"),
        pytest.param(mail("To: " + "," * 200_000), id="commas"),
        pytest.param(mail("From: " + '"' * 200_000), id="quotes"),
        pytest.param(mail("Subject: " + "=?a?q?" * 50_000), id="half encoded words"),
        pytest.param(mail('Content-Type: multipart/mixed; x="' + ";" * 200_000), id="semicolons"),
        pytest.param(
            mail("Content-Type: multipart/mixed; x*0*=a; x=b; x*1=c"),
            id="pieces that email cannot sort",
        ),
        pytest.param(
            mail("Content-Type: multipart/mixed; boundary*" + "9" * 5000 + "=c"),
            id="a number that int refuses",
        ),
        pytest.param(
            mail("Content-Type: text/plain; charset=undefined", b"\xe9"), id="undefined charset"
        ),
        pytest.param(
            mail("Content-Type: text/plain; charset=punycode", b"a-" * 100_000), id="punycode"
        ),
        pytest.param(
            mail("Content-Transfer-Encoding: x-uuencode", b"begin 644 x\n" + b"M\n" * 1000),
            id="uuencode",
        ),
        pytest.param(b"\n" * 500_000, id="newlines"),
    ],
)
def test_hostile_mails_are_read(raw: bytes) -> None:
    assert parse(raw).message_id


def test_mail_parser_may_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(value: str, **options: object) -> None:
        raise AttributeError(value, options)

    monkeypatch.setattr("mailgate.parse.get_addresses", broken)
    monkeypatch.setattr("mailgate.parse.parse_mail_date", broken)
    read_mail = parse(PLAIN.replace(b"marie@", b"read.once@"))  # what was read is remembered
    assert read_mail.sender == Address("read.once@x.example")
    assert read_mail.text == "Bonjour"
    assert "mail-parser could not read the addresses" in read_mail.defects


def check(raw: bytes) -> None:
    """What holds for the Mail of any bytes."""
    read_mail = parse(raw)
    one_liners = [read_mail.subject, read_mail.message_id, *read_mail.references]
    for address in (*read_mail.senders, *read_mail.to, *read_mail.cc, *read_mail.reply_to):
        one_liners += [address.email, address.name]
        assert address.email
        assert address.email == address.email.lower()
    one_liners += [attachment.name for attachment in read_mail.attachments]
    assert not any(
        re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", x) for x in one_liners
    )
    assert not re.search(r"[\x00\r\ud800-\udfff]", read_mail.text + read_mail.html)
    for attachment in read_mail.attachments:
        assert re.fullmatch(r"[!-~]+/[!-~]+", attachment.type)
        assert attachment.name
        assert "/" not in attachment.name
        assert not attachment.name.startswith(".")
        assert len(attachment.name) <= 120
        assert len(attachment_bytes(raw, attachment.part)) == attachment.size
    assert parse(raw) == read_mail


@given(st.binary(max_size=2000))
def test_any_bytes(raw: bytes) -> None:
    check(raw)


LINES = st.lists(
    st.sampled_from(
        [
            *(b"From: a@x", b"Subject: =?utf-8?q?=0A?=", b"", b"", b"--b", b"--b--", b"--c"),
            *(
                b"Content-Type: multipart/mixed; boundary=b",
                b"Content-Type: multipart/digest;",
                b" x",
            ),
            *(b"Content-Type: multipart/alternative; boundary=c", b"Content-Type: text/html"),
            *(
                b"Content-Type: message/rfc822",
                b"Content-Type: message/delivery-status",
                b"\xe9\xff",
            ),
            *(
                b"Content-Disposition: attachment; filename*0=a",
                b"Content-Transfer-Encoding: base64",
            ),
            *(b"QUJD" * 10, b"text", b"> quoted", b"From the start", b"a: b", b"-", b"\r", b"\x00"),
        ]
    ),
    max_size=40,
)


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_any_lines(lines: list[bytes], end: bytes) -> None:
    check(end.join(lines))


@given(st.sampled_from(GOOD), st.data())
def test_good_mails_cut_and_changed(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 40))
    check(raw[:start] + data.draw(st.binary(max_size=20)) + raw[start + length :])
    check(raw[:start])


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_stubs_change_nothing(lines: list[bytes], end: bytes) -> None:
    raw = end.join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mimetree, "_STUB_FROM", 1)
        stubbed = [(leaf.rank, leaf.kind, leaf.payload()) for leaf in mimetree.tree(raw).leaves]
    whole = [(leaf.rank, leaf.kind, leaf.payload()) for leaf in mimetree.tree(raw).leaves]
    assert stubbed == whole


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_the_tree_is_that_of_the_standard_parser(lines: list[bytes], end: bytes) -> None:
    raw = end.join(lines)
    walked = list(email.message_from_bytes(headblock.mended(raw)[0]).walk())
    for leaf in mimetree.tree(raw).leaves:
        assert walked[leaf.rank].get_content_type().split()[:1] == leaf.kind.split()
        if not leaf.kind.startswith("message/"):
            assert (walked[leaf.rank].get_payload(decode=True) or b"") == leaf.payload()


def test_no_module_reads_mail_with_a_header_registry_policy() -> None:
    """100 kB of commas take `email.policy.default` 91 s."""
    for path in (Path(__file__).parents[2] / "mailgate").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for line in source.splitlines():
            code = line.partition("#")[0]
            assert not re.search(r"\bimport .*\b(default|SMTP|SMTPUTF8|strict|HTTP)\b", code) or (
                "email.policy" not in code
            ), path
            assert "policy=default" not in code, path
