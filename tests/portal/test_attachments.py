"""Files on the pages: forms refuse what is not admitted, and nobody downloads what is withheld."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from mailgate import intake, rescan
from mailgate.checks import EICAR
from mailgate.portal.road import File
from rules.model import Copy, Outcome
from store import ledger
from tests.attached import PDF, PROGRAM
from tests.portal.portal import MARIE, NEW, SEB, Portal, fill, running
from tests.servers.clamd import Clamd

PLAN: File = ("plan.pdf", "application/pdf", PDF)
SETUP: File = ("setup.exe", "application/x-msdownload", b"anything")
DISGUISED: File = ("photo.pdf", "application/pdf", PROGRAM)
VIRUS: File = ("facture.pdf", "application/pdf", EICAR)


def scanned(clamd: Clamd) -> dict[str, str]:
    return {"MAILGATE_ATTACHMENTS__CLAMD": clamd.address}


def words(page: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("fr", "setup.exe (8 octets, type de fichier non admis), photo.pdf (88 octets, type"),
        ("en", "setup.exe (8 bytes, file type not allowed), photo.pdf (88 bytes, file type not"),
    ],
)
def test_a_form_says_which_files_it_does_not_take(tmp_path: Path, language: str, says: str) -> None:
    with running(tmp_path, language=language) as portal, portal.client() as client:
        page = fill(client, "/new", [PLAN, SETUP, DISGUISED], **NEW)
        assert page.status_code == 422
        assert says in words(page)
        assert "plan.pdf" not in page.text
        assert NEW["text"] in words(page)  # what was typed is kept
        assert portal.tickets() == []
        token = portal.opening()
        refused = fill(client, f"/t/{token}", [SETUP], text="Essayez.", author="")
        assert (refused.status_code, "setup.exe (8" in words(refused)) == (422, True)
        assert portal.notes() == []
        assert fill(client, f"/t/{token}", [PLAN], text="Voilà.", author="").status_code == 303
        assert [one.name for one in portal.notes()[0].attachments] == ["plan.pdf"]


def test_a_form_with_a_virus_is_refused(tmp_path: Path, clamd: Clamd) -> None:
    with running(tmp_path, **scanned(clamd)) as portal, portal.client() as client:
        page = fill(client, "/new", [PLAN, VIRUS], **NEW)
        assert page.status_code == 422
        assert "facture.pdf (68 octets, virus détecté)" in words(page)
        assert portal.tickets() == []
        assert fill(client, "/new", [PLAN], **NEW).status_code == 303
        (opening,) = portal.history()
        assert [one.withheld for one in opening.attachments] == [""]


def links(page: httpx.Response) -> list[str]:
    return re.findall(r'href="(/t/[^"]+/files/[^"]+)"', page.text)


def test_what_waits_for_the_scanner_is_named_and_refused(tmp_path: Path, clamd: Clamd) -> None:
    clamd.stop()
    with running(tmp_path, **scanned(clamd)) as portal, portal.client() as client:
        assert fill(client, "/new", [PLAN], **NEW).status_code == 303
        for email in (MARIE.email, SEB.email):
            token = portal.token(email)
            page = client.get(f"/t/{token}")
            assert "plan.pdf 14 octets, en attente de l'antivirus" in words(page)
            assert links(page) == []
            (entry,) = portal.history()
            refused = client.get(f"/t/{token}/files/{entry.id}/{entry.attachments[0].part}")
            assert refused.status_code == 403
            assert PDF not in refused.content
        with portal.board() as board:
            path = f"/agent/t/1/mail/{entry.id}"
            assert path not in board.get("/agent/t/1").text
            assert board.get(path).status_code == 403


@pytest.mark.parametrize(
    ("file", "marie", "seb"),
    [
        pytest.param(SETUP, 403, 200, id="kind"),
        pytest.param(VIRUS, 403, 403, id="virus"),
        pytest.param(PLAN, 200, 200, id="admitted"),
    ],
)
def test_who_may_open_what_was_left_out(
    tmp_path: Path, clamd: Clamd, file: File, marie: int, seb: int
) -> None:
    with running(tmp_path, **scanned(clamd)) as portal, portal.client() as client:
        portal.opening(files=(file,))
        (entry,) = portal.history()
        for email, status in ((MARIE.email, marie), (SEB.email, seb)):
            token = portal.token(email)
            path = f"/t/{token}/files/{entry.id}/{entry.attachments[0].part}"
            page = client.get(f"/t/{token}")
            assert file[0] in words(page)
            assert links(page) == ([path] if status == 200 else [])
            answer = client.get(path)
            assert answer.status_code == status
            assert (file[2] in answer.content) == (status == 200)
        with portal.board() as board:  # the whole mail, on the board
            path = f"/agent/t/1/mail/{entry.id}"
            assert (path in board.get("/agent/t/1").text) == (seb == 200)
            assert board.get(path).status_code == seb


def taken_in(portal: Portal, raw: bytes) -> None:
    """A mail of the mailbox, byte for byte."""
    with portal.desk.db.transaction() as tx:
        life = ledger.contact(tx, "support@imap/INBOX", 1, 1, portal.desk.now())
        copies = [Copy(1, portal.desk.now(), raw, len(raw))]
        taken = ledger.take(tx, life[0], copies, portal.desk.now())
    assert intake.settle(portal.desk, portal.desk.read([(taken[0], "")])()) == {1: Outcome.OPENED}


def nested(times: int, kind: str) -> bytes:
    """A virus within parts of a kind within each other."""
    found = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    found += b64encode(EICAR)
    for depth in range(times, 0, -1):
        head = f"Content-Type: {kind.format(depth)}\r\n\r\n".encode()
        opens = f"--b{depth}\r\n".encode() if "boundary" in kind else b""
        found = head + opens + found
    return found + b"\r\n--=_b--\r\n"


# Programs that read the mail find these files, and we do not.
HIDDEN = {
    "below the last boundary": b"Bonjour.\r\n--=_b--\r\n" + EICAR,
    "the text itself": EICAR + b"\r\n--=_b--\r\n",
    "too many parts": b"Bonjour.\r\n"
    + 1001 * b"--=_b\r\n\r\n\r\n"
    + b"--=_b\r\nContent-Type: application/pdf; name=facture.pdf\r\n"
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + b64encode(EICAR)
    + b"\r\n--=_b--\r\n",
    "too many multiparts": b"Bonjour.\r\n--=_b\r\n" + nested(30, "multipart/mixed; boundary=b{0}"),
    "too many messages": b"Bonjour.\r\n--=_b\r\n" + nested(30, "message/rfc822"),
}


@pytest.mark.parametrize("below", HIDDEN.values(), ids=HIDDEN)
def test_an_original_mail_with_a_virus_beside_its_files_is_not_handed_out(
    tmp_path: Path, clamd: Clamd, below: bytes
) -> None:
    head = f"From: {MARIE.email}\r\nTo: support@fram.example\r\nSubject: Facture\r\n"
    head += 'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\n\r\n'
    clean = f"{head}Bonjour.\r\n--=_b--\r\n".encode()
    for folder, raw, status in (("v", head.encode() + below, 403), ("c", clean, 200)):
        (tmp_path / folder).mkdir()
        with running(tmp_path / folder, **scanned(clamd)) as portal, portal.board() as board:
            taken_in(portal, raw)
            (entry,) = portal.history()
            answer = board.get(f"/agent/t/1/mail/{entry.id}")
            assert (answer.status_code, answer.content == raw) == (status, status == 200)


def test_no_original_mail_is_handed_out_while_the_scanner_is_away(
    tmp_path: Path, clamd: Clamd
) -> None:
    with running(tmp_path, **scanned(clamd)) as portal, portal.board() as board:
        portal.opening()
        path = f"/agent/t/1/mail/{portal.history()[0].id}"
        clamd.stop()
        assert board.get(path).status_code == 403
        clamd.start()
        rescan.step(portal.desk)
        assert board.get(path).status_code == 200


@pytest.mark.parametrize("language", ["fr", "en"])
def test_mails_and_pages_give_the_same_reasons(language: str) -> None:
    table = re.compile(r"\{% set withheld = \{\n(.*?)\n\} %\}", re.DOTALL)
    places = (f"mail/{language}/base.j2", f"portal/{language}/words.j2")
    mail, page = (table.findall(files("templates").joinpath(one).read_text()) for one in places)
    assert mail == page != []
