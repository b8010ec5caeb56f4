"""Mail as clients and broken programs write it, over real servers: nothing of it is lost."""

from base64 import b64encode
from dataclasses import dataclass

import pytest

from mailgate.attachments import attachment_bytes
from rules.model import Entry
from store import ledger
from store.db import Database
from tests import winmail
from tests.desk import MARIE, SEB, TestDesk
from tests.servers.smtp_sink import Mail

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
PDF = b"%PDF-1.4\n" + bytes(range(255, 0, -1))
INNER = (
    b"From: RH <rh@fram.example>\r\nSubject: Dates du contrat\r\n"
    b"Message-ID: <inner@fram.example>\r\n\r\nDu 1er au 31.\r\n"
)
INVITATION = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@fram.example\r\n"
    b"DTSTART:20260801T080000Z\r\nSUMMARY:Remise du badge\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@dataclass(frozen=True)
class Kept:
    """A file that the entry has to show."""

    name: str
    type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Row:
    """A mail, and what the desk makes of it."""

    raw: bytes
    text: str
    subject: str = "Badge"
    files: tuple[Kept, ...] = ()


def mail(
    *lines: str | bytes, subject: str = "Subject: Badge", identity: str = "<1@x.example>"
) -> bytes:
    """Marie's mail to the desk; `lines` are the rest of its headers, a blank line, the body."""
    head = [f"From: Marie DUPONT <{MARIE}>", "To: support@fram.example"]
    head += ["Date: Mon, 20 Jul 2026 11:00:00 +0200"]
    head += [f"Message-ID: {identity}"] if identity else []
    pieces = [*head, *([subject] if subject else []), *lines]
    return b"\r\n".join(one.encode() if isinstance(one, str) else one for one in pieces) + b"\r\n"


def part(kind: str, data: bytes, *headers: str) -> bytes:
    """A part in base64, with the boundary before it."""
    head = ["--b", f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + b64encode(data)


def multipart(kind: str, *parts: bytes) -> bytes:
    return mail(f'Content-Type: multipart/{kind}; boundary="b"', "", *parts, "--b--")


WORDS = part("text/plain; charset=utf-8", "Le badge a été perdu.".encode())
WINMAIL = winmail.stream(
    winmail.file("plan d’accès.pdf", PDF),
    winmail.file("logo.png", PNG, "logo@fram.example"),
    body=winmail.properties(
        winmail.named(winmail.UNICODE, 0x8001, "x-own", "1"),
        winmail.prop(winmail.UNICODE, 0x1000, "Le plan est joint, à bientôt."),
        winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(b"{\\rtf1 Le plan est joint.}")),
    ),
)
PACKED = (
    Kept("message.rtf", "text/rtf", b"{\\rtf1 Le plan est joint.}"),
    Kept("plan d’accès.pdf", "application/pdf", PDF),
    Kept("logo.png", "image/png", PNG, "logo@fram.example"),
)

ROWS = {
    "HTML only": Row(
        mail(
            "Content-Type: text/html; charset=utf-8",
            "",
            "<style>p { color: red }</style><p>Bonjour,</p><ul><li>badge<li>clé</ul>"
            '<div style="display:none">suivi</div><p>Merci &amp; &agrave; bient&ocirc;t</p>',
        ),
        "Bonjour,\n- badge\n- clé\n\nMerci & à bientôt",
    ),
    "HTML that names its charset itself": Row(
        mail(
            "Content-Type: text/html",
            "",
            b'<meta charset="iso-8859-2"><p>' + "Dzień dobry, proszę".encode("iso-8859-2"),
        ),
        "Dzień dobry, proszę",
    ),
    "a message in the mail": Row(
        multipart("mixed", WORDS, b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + INNER),
        "Le badge a été perdu.",
        files=(Kept("Dates du contrat.eml", "message/rfc822", INNER),),
    ),
    "an image in the text": Row(
        multipart(
            "related",
            part("text/html; charset=utf-8", '<p>Voyez : <img src="cid:écran@x">'.encode()),
            part("image/png; name=ecran.png", PNG, "Content-ID: <ecran@x>"),
        ),
        "Voyez :",
        files=(Kept("ecran.png", "image/png", PNG, "ecran@x"),),
    ),
    "a winmail.dat beside the text": Row(
        multipart("mixed", WORDS, part("application/ms-tnef; name=winmail.dat", WINMAIL)),
        "Le badge a été perdu.",
        files=PACKED,
    ),
    "a winmail.dat and no text": Row(
        multipart("mixed", part("application/octet-stream; name=winmail.dat", WINMAIL)),
        "Le plan est joint, à bientôt.",
        files=PACKED,
    ),
    "a winmail.dat that breaks off": Row(
        multipart("mixed", WORDS, part("application/ms-tnef; name=winmail.dat", WINMAIL[:-400])),
        "Le badge a été perdu.",
        files=(Kept("winmail.dat", "application/ms-tnef", WINMAIL[:-400]), PACKED[0]),
    ),
    "an invitation": Row(
        multipart(
            "alternative", WORDS, part("text/calendar; method=REQUEST; charset=utf-8", INVITATION)
        ),
        "Le badge a été perdu.",
        files=(Kept("piece-2.ics", "text/calendar", INVITATION),),
    ),
    "names by RFC 2231": Row(
        multipart(
            "mixed",
            WORDS,
            part(
                "application/pdf",
                PDF,
                "Content-Disposition: attachment;",
                " filename*0*=utf-8'fr'Contrat%20sign%C3%A9%20;",
                ' filename*1="de Marie.pdf"',
            ),
        ),
        "Le badge a été perdu.",
        files=(Kept("Contrat signé de Marie.pdf", "application/pdf", PDF),),
    ),
    "a name where it does not belong": Row(
        multipart("mixed", WORDS, part("application/octet-stream; file=plan.pdf", PDF)),
        "Le badge a été perdu.",
        files=(Kept("plan.pdf", "application/octet-stream", PDF),),
    ),
    "headers twice and folded": Row(
        mail(
            "Subject: encore",
            "Content-Type: multipart/mixed;",
            ' boundary="a',
            ' b"',
            "",
            "--a b",
            "",
            "Bonjour",
            "--a b--",
            subject="Subject: Un badge\r\n\tpour\r\n Marie",
        ),
        "Bonjour",
        subject="Un badge pour Marie",
    ),
    "a line among the headers that is none": Row(
        mail("jeudi matin", "MIME-Version: 1.0", "", "Bonjour", subject="Subject : Badge"),
        "Bonjour",
    ),
    "8-bit headers": Row(
        mail("", "Bonjour", subject="Subject: Badge de Hélène Lefèvre"),
        "Bonjour",
        subject="Badge de Hélène Lefèvre",
    ),
    "8-bit headers in Latin-1": Row(
        mail("", "Bonjour").replace(b"Subject: Badge", "Subject: Clé oubliée".encode("latin-1")),
        "Bonjour",
        subject="Clé oubliée",
    ),
    "a label that lies": Row(
        mail(
            "Content-Type: text/plain; charset=iso-8859-1",
            "",
            "Добрый день, пропуск потерян, помогите пожалуйста".encode("koi8-r"),
        ),
        "Добрый день, пропуск потерян, помогите пожалуйста",
    ),
    "a charset that nobody knows": Row(
        mail("Content-Type: text/plain; charset=x-fram", "", "Clé perdue, déjà".encode("cp1252")),
        "Clé perdue, déjà",
    ),
}


def taken(desk: TestDesk, raw: bytes) -> tuple[Entry, bytes, Mail]:
    """The entry that the mail makes, the bytes that are kept of it, and the agent's mail."""
    desk.deliver(raw)
    desk.once()
    assert desk.held() == []
    (entry,) = desk.history()
    (to_seb,) = desk.sink.to(SEB)
    assert entry.raw_id is not None
    with Database(desk.config.database_url).reading() as tx:
        return entry, ledger.raw(tx, entry.raw_id), to_seb


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_everything_is_kept(desk: TestDesk, row: Row) -> None:
    entry, original, to_seb = taken(desk, row.raw)
    assert original.endswith(row.raw)
    assert entry.author is not None
    assert entry.author.email == MARIE
    assert desk.tickets()[0].subject == row.subject
    assert entry.text == row.text
    assert [
        Kept(one.name, one.type, attachment_bytes(original, one.part), one.content_id)
        for one in entry.attachments
    ] == list(row.files)
    riding = [p.get_payload(decode=True) for p in to_seb.message.walk() if p.get_filename()]
    assert [data for data in riding if isinstance(data, bytes)] == [one.data for one in row.files]


def test_a_mail_without_date_and_message_id_is_taken_once(desk: TestDesk) -> None:
    bare = (
        f"From: {MARIE}\r\nTo: support@fram.example\r\nSubject: Badge\r\n\r\nBonjour\r\n".encode()
    )
    desk.deliver(bare, bare)
    desk.once()
    (entry,) = desk.history()
    assert entry.text == "Bonjour"
    assert desk.folders() == {"INBOX": 0, "Done": 2, "Held": 0}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"--b\r\n\r\nBonjour\r\n" * 10_000, id="10,000 parts"),
        pytest.param(
            b"".join(
                b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
                for n in range(3_000)
            ).replace(b"--b0", b"--b", 1),
            id="3,000 levels",
        ),
    ],
)
def test_what_exceeds_the_limits_is_in_the_original(desk: TestDesk, body: bytes) -> None:
    raw = mail("Content-Type: multipart/mixed; boundary=b", "", body)
    desk.deliver(raw)
    desk.once()
    (entry,) = desk.history()
    assert entry.raw_id is not None
    with Database(desk.config.database_url).reading() as tx:
        assert ledger.raw(tx, entry.raw_id).endswith(raw)
