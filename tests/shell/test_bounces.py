"""Delivery status notifications in the shapes that mail servers give them, and hostile ones."""

# ruff: noqa: E501 (a case is one line)

import base64
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.bounces import Bounce, Failure, read

MAILS = Path(__file__).parent.parent / "mails"
OURS = "mg-abcdefghijklmnopqrstuvwx22"
OTHER = "mg-bbbbbbbbbbbbbbbbbbbbbbbbbb"
ID = f"{OURS}@fram.example"
RETURNED = f"From: support@fram.example\nSubject: Badge\nMessage-ID: <{ID}>\n\nBonjour\n"
HEAD = "MIME-Version: 1.0\nFrom: MAILER-DAEMON@mx.x.example\n"
STATUS = "Reporting-MTA: dns; mx.x.example\n\nFinal-Recipient: rfc822; marie@x.example\nAction: failed\nStatus: 5.1.1\n"


def part(kind: str, body: str, more: str = "") -> str:
    return f"--b\nContent-Type: {kind}\n{more}\n{body}\n"


def dsn(
    status: str,
    returned: str = part("message/rfc822", RETURNED),
    root: str = "multipart/report; report-type=delivery-status",
    more: str = "",
) -> bytes:
    """A notification with this delivery-status and this returned part."""
    parts = part("text/plain", "Sorry.") + part("message/delivery-status", status, more) + returned
    head = f'{HEAD}Content-Type: {root}; boundary="b"\n\n'
    return (head + parts + "--b--\n").encode("utf-8", "surrogateescape")


def bounce(raw: bytes) -> Bounce:
    found = read(raw)
    assert found is not None
    return found


def failed(status: str) -> list[tuple[str, str, str]]:
    return [(f.recipient, f.status, f.diagnostic) for f in bounce(dsn(status)).failed]


# -- the shapes of servers -------------------------------------------------------------------

POSTFIX = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.fram.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4D2.1785/mx.fram.example"
Content-Transfer-Encoding: 8bit

This is a MIME-encapsulated message.

--4D2.1785/mx.fram.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<marie@x.example> (expanded from <m@x.example>): unknown user

--4D2.1785/mx.fram.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.fram.example
X-Postfix-Queue-ID: 4D2
X-Postfix-Sender: rfc822; support@fram.example
Arrival-Date: Mon,  3 Aug 2026 10:12:00 +0200 (CEST)

Final-Recipient: rfc822; marie@x.example
Original-Recipient: rfc822;m@x.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.x.example
Diagnostic-Code: smtp; 550 5.1.1 <marie@x.example>: Recipient address
    rejected: User unknown

--4D2.1785/mx.fram.example
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

{RETURNED}
--4D2.1785/mx.fram.example--
"""

EXIM = f"""\
X-Failed-Recipients: marie@x.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@exim.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=1785-eximdsn-50
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1785-eximdsn-50
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1785-eximdsn-50
Content-type: message/delivery-status

Reporting-MTA: dns; exim.example

Action: failed
Final-Recipient: rfc822;marie@x.example
Status: 5.0.0
Remote-MTA: dns; mx.x.example
Diagnostic-Code: smtp; 550 No such user

--1785-eximdsn-50
Content-type: message/rfc822

Return-path: <support@fram.example>
{RETURNED}
--1785-eximdsn-50--
"""

EXCHANGE = f"""\
From: Microsoft Outlook <postmaster@x.example>
Date: Mon, 3 Aug 2026 08:12:00 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4e9a2b"
X-MS-Exchange-Message-Is-Ndr:
Message-ID: <1@x.example>
In-Reply-To: <{ID}>
Subject: Non remis : [FRAM][#1898] Badge
Auto-Submitted: auto-replied

--4e9a2b
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="4e9a2c"

--4e9a2c
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

{base64.b64encode("Votre message n’a pas pu être remis.".encode()).decode()}

--4e9a2c--

--4e9a2b
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01.x.example
Received-From-MTA: dns;mx.fram.example
Arrival-Date: Mon, 3 Aug 2026 08:11:59 +0000

Original-Recipient: rfc822;Marie.Dupont@x.example
Final-Recipient: rfc822;marie@x.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: Marie Dupont


--4e9a2b
Content-Type: message/rfc822

Received: from AM0PR02.x.example (2001:db8::1) by AM0PR01.x.example
{RETURNED}
--4e9a2b--
"""

GMAIL = f"""\
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
Content-Type: multipart/report; boundary="0000af"; report-type=delivery-status

--0000af
Content-Type: multipart/related; boundary="0000b0"

--0000b0
Content-Type: multipart/alternative; boundary="0000b1"

--0000b1
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--0000b1--

--0000b0
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--0000b0--

--0000af
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; support@fram.example
Arrival-Date: Mon, 03 Aug 2026 01:12:00 -0700 (PDT)
X-Original-Message-ID: <{ID}>

Final-Recipient: rfc822; marie@x.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (2001:db8::2, the server for the domain x.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address.
 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser
Last-Attempt-Date: Mon, 03 Aug 2026 01:12:01 -0700 (PDT)

--0000af
Content-Type: message/rfc822

X-Received: by 2002:a5d:0:0:0:0:0 with SMTP id x1
{RETURNED}
--0000af--
"""

SENDMAIL = f"""\
From: Mail Delivery Subsystem <MAILER-DAEMON@x.example>
Subject: Warning: could not send message for past 4 hours
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="m73.1785/x.example"
Auto-Submitted: auto-generated (warning-timeout)

This is a MIME-encapsulated message

--m73.1785/x.example

    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **********************************************

--m73.1785/x.example
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example
Arrival-Date: Mon, 3 Aug 2026 10:12:00 +0200

Final-Recipient: RFC822; marie@x.example
X-Actual-Recipient: RFC822; marie@inner.x.example
Action: delayed
Status: 4.4.1
Remote-MTA: DNS; inner.x.example
Last-Attempt-Date: Mon, 3 Aug 2026 14:12:00 +0200
Will-Retry-Until: Sat, 8 Aug 2026 10:12:00 +0200

--m73.1785/x.example
Content-Type: text/rfc822-headers

Return-Path: <support@fram.example>
{RETURNED.partition("Bonjour")[0]}
--m73.1785/x.example--
"""


@pytest.mark.parametrize(
    ("mail", "failures", "delays"),
    [
        pytest.param(POSTFIX, [Failure("m@x.example", "5.1.1", "550 5.1.1 <marie@x.example>: Recipient address rejected: User unknown")], [], id="Postfix"),
        pytest.param(EXIM, [Failure("marie@x.example", "5.0.0", "550 No such user")], [], id="Exim"),
        pytest.param(EXCHANGE, [Failure("marie.dupont@x.example", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")], [], id="Microsoft 365"),
        pytest.param(GMAIL, [Failure("marie@x.example", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address. 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser")], [], id="Gmail"),
        pytest.param(SENDMAIL, [], [Failure("marie@x.example", "4.4.1", "")], id="sendmail, a delay"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_servers(mail: str, failures: list[Failure], delays: list[Failure], newline: str) -> None:
    found = bounce(mail.replace("\n", newline).encode())
    assert found == Bounce(tuple(failures), tuple(delays), (OURS,), (ID,))


def test_the_shipped_bounce() -> None:
    found = bounce((MAILS / "bounce-postfix.eml").read_bytes())
    assert [failure.recipient for failure in found.failed] == ["marie.dupont@agence.example"]
    assert found.references == ("mg-aaaaaaaaaaaaaaaaaaaaaaaaaa",)


# -- recipients ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n", [("a@x.example", "5.1.1", "")], id="no per-message block"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\n\nFinal-Recipient: rfc822; b@x.example\nAction: failed\n", [("a@x.example", "", ""), ("b@x.example", "", "")], id="two recipients"),
        pytest.param("Reporting-MTA: dns; x\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; b@x.example\nAction: failed\nStatus: 5.2.2\n", [("a@x.example", "5.1.1", ""), ("b@x.example", "5.2.2", "")], id="blank lines missing"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nOriginal-Recipient: rfc822; o@x.example\nFinal-Recipient: rfc822; b@x.example\nAction: failed\n", [("a@x.example", "", ""), ("o@x.example", "", "")], id="blank lines missing, an original only for the second"),
        pytest.param("Action: failed\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nFinal-Recipient: rfc822; b@x.example\n", [("a@x.example", "", ""), ("b@x.example", "", "")], id="action first, blank lines missing"),
        pytest.param("Final-Recipient: rfc822; a@x.example\n\nAction: failed\nStatus: 5.1.1\n", [("a@x.example", "5.1.1", "")], id="blank line within a recipient"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\n  \nFinal-Recipient: rfc822; b@x.example\nAction: delayed\n", [("a@x.example", "", "")], id="line of blanks, another delayed"),
        pytest.param("FINAL-RECIPIENT: RFC822; A@X.Example\nACTION: Failed\nSTATUS: 5.1.1\n", [("a@x.example", "5.1.1", "")], id="letter case"),
        pytest.param("Final-Recipient : rfc822 ; a@x.example\nAction : failed\n", [("a@x.example", "", "")], id="blanks before the colon"),
        pytest.param("Final-Recipient:\n rfc822;\n a@x.example\nAction: failed\n", [("a@x.example", "", "")], id="folded recipient"),
        pytest.param("Final-Recipient: rfc822; <a@x.example> (Marie)\nAction: failed\n", [("a@x.example", "", "")], id="brackets and a comment"),
        pytest.param("Final-Recipient: <a@x.example>\nAction: failed\n", [("a@x.example", "", "")], id="no type"),
        pytest.param("Final-Recipient: utf-8; élise@x.example\nAction: failed\n", [("élise@x.example", "", "")], id="Unicode recipient"),
        pytest.param("Original-Recipient: rfc822; o@x.example\nFinal-Recipient: rfc822; f@x.example\nAction: failed\n", [("o@x.example", "", "")], id="the original is preferred"),
        pytest.param("Original-Recipient: x400; /S=o@x/\nFinal-Recipient: rfc822; f@x.example\nAction: failed\n", [("f@x.example", "", "")], id="an original of another kind"),
        pytest.param("Original-Recipient: rfc822; marie\nFinal-Recipient: rfc822; f@x.example\nAction: failed\n", [("f@x.example", "", "")], id="an original that is no address"),
        pytest.param("Original-Recipient: rfc822; o@x.example\nFinal-Recipient: X-Unix; |/bin/archive\nAction: failed\n", [("o@x.example", "", "")], id="a program as the final one"),
        pytest.param("Original-Recipient: rfc822; o@x.example\nAction: failed\n", [("o@x.example", "", "")], id="an original alone"),
        pytest.param("Final-Recipient: LOCAL; marie\nAction: failed\n", [("marie", "", "")], id="no address at all"),
        pytest.param('Final-Recipient: rfc822; "a b"@x.example\nAction: failed\n', [('"a b"@x.example', "", "")], id="quoted local part"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\n\nFinal-Recipient: rfc822; A@x.example\nAction: failed\n", [("a@x.example", "", "")], id="the same one twice"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed (no such user)\nStatus: 5.1.1 (bad mailbox)\n", [("a@x.example", "5.1.1", "")], id="comments"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failure\nStatus: 553 too large\n", [("a@x.example", "", "")], id="failure for failed, status without form"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 from 192.5.1.1\n", [("a@x.example", "5.1.1", "550 5.1.1 from 192.5.1.1")], id="status only in the answer"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: 550 from 192.5.1.1; no\n", [("a@x.example", "", "550 from 192.5.1.1; no")], id="answer without type, an IP address is no status"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; 550-one\n 550-two\n550 three\n", [("a@x.example", "", "550-one 550-two 550 three")], id="folded answer, an indent lost"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; 550 bo\udcc3\udcaete pleine\n", [("a@x.example", "", "550 boîte pleine")], id="8-bit answer, UTF-8"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; 550 bo\udceete pleine\n", [("a@x.example", "", "550 boîte pleine")], id="8-bit answer, latin-1"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; a\nDiagnostic-Code: smtp; b\n c\n", [("a@x.example", "", "a")], id="the first of two answers"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; " + "x" * 5000 + "\n", [("a@x.example", "", "x" * 1000)], id="endless answer"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: delayed\n", [], id="delayed"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0\n", [], id="delivered"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: relayed\n", [], id="relayed"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: expanded\n", [], id="expanded"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nAction: failedly\n", [], id="no such action"),
        pytest.param("Final-Recipient: rfc822; a@x.example\nStatus: 5.1.1\n", [], id="no action"),
        pytest.param("Action: failed\nStatus: 5.1.1\n", [], id="no recipient"),
        pytest.param("Reporting-MTA: dns; x.example\n", [], id="no recipient block"),
        pytest.param("", [], id="empty"),
    ],
)  # fmt: skip
def test_recipients(status: str, expected: list[tuple[str, str, str]]) -> None:
    assert failed(status) == expected


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param("base64", base64.encodebytes(STATUS.encode()).decode(), id="base64"),
        pytest.param("quoted-printable", STATUS.replace("marie@", "ma=\nrie=40"), id="quoted-printable"),
        pytest.param("Quoted-Printable; x", STATUS, id="with a parameter"),
        pytest.param("8bit", STATUS, id="8bit"),
        pytest.param("x-unknown", STATUS, id="unknown"),
    ],
)  # fmt: skip
def test_encodings_of_the_status(encoding: str, body: str) -> None:
    found = bounce(dsn(body, more=f"Content-Transfer-Encoding: {encoding}\n"))
    assert found.failed == (Failure("marie@x.example", "5.1.1", ""),)


def test_failed_and_delayed_are_told_apart() -> None:
    found = bounce(
        dsn(STATUS + "\nFinal-Recipient: rfc822; late@x.example\nAction: delayed\nStatus: 4.4.1\n")
    )
    assert [failure.recipient for failure in found.failed] == ["marie@x.example"]
    assert found.delayed == (Failure("late@x.example", "4.4.1", ""),)


# -- the returned mail -----------------------------------------------------------------------

_TEXT_BASE64 = base64.encodebytes(f"Bonjour\nRéf. {OURS}\n".encode()).decode()


@pytest.mark.parametrize(
    ("returned", "references", "ids"),
    [
        pytest.param(part("message/rfc822", RETURNED), (OURS,), (ID,), id="message/rfc822"),
        pytest.param(part("Message/RFC822; name=x", RETURNED), (OURS,), (ID,), id="letter case and parameter"),
        pytest.param(part("text/rfc822-headers", RETURNED), (OURS,), (ID,), id="text/rfc822-headers"),
        pytest.param(part("message/rfc822-headers", RETURNED), (OURS,), (ID,), id="message/rfc822-headers"),
        pytest.param(part("message/global", RETURNED), (OURS,), (ID,), id="message/global"),
        pytest.param(part("message/global-headers", RETURNED), (OURS,), (ID,), id="message/global-headers"),
        pytest.param(part("message/rfc822", "\n\n" + RETURNED), (OURS,), (ID,), id="empty lines first"),
        pytest.param(part("message/rfc822", "From support@fram.example Mon Aug  3\n" + RETURNED), (OURS,), (ID,), id="mbox line first"),
        pytest.param(part("message/rfc822", base64.encodebytes(RETURNED.encode()).decode(), "Content-Transfer-Encoding: base64\n"), (OURS,), (ID,), id="base64"),
        pytest.param(part("text/rfc822-headers", RETURNED.replace("@fram", "=40=\nfram"), "Content-Transfer-Encoding: quoted-printable\n"), (OURS,), (ID,), id="quoted-printable"),
        pytest.param(part("message/rfc822", f"Message-ID:\n <{ID}>\n\nx\n"), (OURS,), (ID,), id="folded id"),
        pytest.param(part("message/rfc822", f"Message-ID: =?utf-8?q?=3C{OURS}=40fram=2Eexample=3E?=\n\nx\n"), (OURS,), (ID,), id="encoded id"),
        pytest.param(part("message/rfc822", f"Message-ID: <new@relay.example>\nIn-Reply-To: <{OTHER}@fram.example>\nReferences: <{OURS}.r@fram.example>\n <{OTHER}@fram.example>\n\nx\n"), (OURS, OTHER), ("new@relay.example",), id="id rewritten, the virtual ancestor comes first"),
        pytest.param(part("message/rfc822", f"Message-ID: <1@x>\n\nBonjour\nRéf. {OURS}\n"), (OURS,), ("1@x",), id="last line of the text"),
        pytest.param(part("message/rfc822", f"Content-Transfer-Encoding: base64\n\n{_TEXT_BASE64}"), (OURS,), (), id="base64 text"),
        pytest.param(part("message/rfc822", f"Content-Transfer-Encoding: quoted-printable\n\nR=C3=A9f. {OURS[:9]}=\n{OURS[9:]}\n"), (OURS,), (), id="quoted-printable text"),
        pytest.param(part("message/rfc822", f'Content-Type: multipart/alternative; boundary="c"\n\n--c\n\ntext\n--c\nContent-Type: text/html\n\n<a href="mailto:x?body={OURS}">\n--c--\n'), (OURS,), (), id="HTML text"),
        pytest.param(part("message/rfc822", f'Content-Type: multipart/mixed; boundary="c"\n\n--c\nContent-Type: message/rfc822\n\nMessage-ID: <{ID}>\n\nx\n--c--\n'), (OURS,), (), id="in a mail within"),
        pytest.param(part("message/rfc822", f"no header\n{OURS}\n"), (OURS,), (), id="no header block"),
        pytest.param(part("text/plain", RETURNED), (), (), id="as plain text"),
        pytest.param(part("message/rfc822", f"Message-ID: {ID}\n\nx\n"), (OURS,), (), id="id without brackets"),
        pytest.param("", (), (), id="nothing returned"),
    ],
)  # fmt: skip
def test_the_returned_mail(
    returned: str, references: tuple[str, ...], ids: tuple[str, ...]
) -> None:
    found = bounce(dsn(STATUS, returned))
    assert (found.references, found.message_ids) == (references, ids)
    assert len(found.failed) == 1


# -- what is no such report ------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"From: a@x.example\n\nYour mail to <b@x.example> bounced. 550 5.1.1\n", id="formless"),
        pytest.param(dsn(STATUS, root="multipart/mixed"), id="a person's mail with a report attached"),
        pytest.param((HEAD + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n" + part("text/plain", "Read.") + part("message/disposition-notification", "Final-Recipient: rfc822; a@x.example\nDisposition: manual-action; displayed\n") + "--b--\n").encode(), id="read receipt"),
        pytest.param((HEAD + "Content-Type: multipart/report; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n").encode() + dsn(STATUS) + b"--c--\n", id="report within the returned mail"),
        pytest.param((HEAD + "Content-Type: multipart/report; report-type=delivery-status\n\n").encode() + STATUS.encode(), id="no boundary"),
    ],
)  # fmt: skip
def test_no_report(raw: bytes) -> None:
    assert read(raw) is None


def test_a_report_that_forgot_its_type() -> None:
    assert bounce(dsn(STATUS, root="Multipart/Report")).failed == (
        Failure("marie@x.example", "5.1.1", ""),
    )


# -- hostile ones ----------------------------------------------------------------------------

_FIELDS = st.sampled_from(
    [*STATUS.splitlines(), *SENDMAIL.splitlines(), "", " ", "Action: failed", "Original-Recipient: rfc822;", ": x", "Final-Recipient", "\udcff", "\x00", f"<{ID}>", "Message-ID: <"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(_FIELDS).map("\n".join), st.one_of(st.text(), st.lists(_FIELDS).map("\n".join)))
def test_no_report_raises(status: str, returned: str) -> None:
    text = returned.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    found = bounce(dsn(f"x: y\n{status}", part("message/rfc822", text)))
    for failure in (*found.failed, *found.delayed):
        assert failure.recipient
        assert "\n" not in failure.recipient + failure.diagnostic


@settings(max_examples=200)
@given(st.data())
def test_no_bytes_raise(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([POSTFIX, EXCHANGE, GMAIL])).encode())
    for _ in range(data.draw(st.integers(1, 20))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    read(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(dsn("Final-Recipient: rfc822; a@x\nAction: failed\n\n" * 40_000), id="the same recipient for ever"),
        pytest.param(dsn("".join(f"Final-Recipient: rfc822; {n}@x\nAction: failed\n" for n in range(40_000))), id="40,000 recipients"),
        pytest.param(dsn("Final-Recipient: rfc822; " + "a" * 2_000_000 + "\nAction: failed\n"), id="2 MB of one recipient"),
        pytest.param(dsn("Final-Recipient: rfc822; " + "a " * 1_000_000 + "@\nAction: failed\n"), id="1,000,000 words"),
        pytest.param(dsn("Diagnostic-Code: smtp;\n" + " x\n" * 500_000), id="folds without end"),
        pytest.param(dsn(STATUS, part("message/rfc822", "Message-ID: " + "<" * 2_000_000 + "\n\nx")), id="2 MB of brackets"),
        pytest.param(dsn(STATUS, part("message/rfc822", "Message-ID: " + "<a> " * 10_000 + "\n\nx")), id="ids without end"),
        pytest.param(dsn(STATUS, part("message/rfc822", RETURNED + (OURS[:-1] + " ") * 100_000)), id="references that are none"),
        pytest.param(dsn(STATUS, part("message/rfc822", RETURNED) * 900), id="900 returned mails"),
        pytest.param(dsn(STATUS, part("message/rfc822", "Content-Type: message/rfc822\n\n" * 20_000)), id="mails within mails"),
    ],
)  # fmt: skip
def test_hostile_reports_take_no_time(raw: bytes) -> None:
    start = time.monotonic()
    found = bounce(raw)
    assert time.monotonic() - start < 4
    assert len(found.failed) <= 500
    assert len(found.message_ids) <= 20
    assert all(len(f.recipient) <= 320 and len(f.diagnostic) <= 1000 for f in found.failed)
