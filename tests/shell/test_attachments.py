"""Files that are left out: by their kind, their size; who is told, and who is not."""

import re

import pytest

from tests.attached import PDF, PROGRAM, attached, riding
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, heads, subject
from tests.servers.smtp_sink import Mail

PLAN = ("plan.pdf", "application/pdf", PDF)
SETUP = ("setup.exe", "application/octet-stream", b"anything")
NOT_ADMITTED = "type de fichier non admis"


def words(mail: Mail) -> str:
    return " ".join(body(mail).split())


def left_out(mail: Mail) -> str:
    """What a mail says of files that are not handed on; the two halves say the same."""
    lead = r"Pièces jointes non transmises : (.*?\))\."
    found = re.findall(lead, words(mail))
    rich = re.sub(r"<[^>]*>|\s+", " ", body(mail, "text/html"))
    assert re.findall(lead, " ".join(rich.split())) == found
    return found[0] if found else ""


def opened(desk: TestDesk) -> tuple[Mail, Mail]:
    desk.deliver(new(MARIE, "Écran noir", "Il reste noir."))
    to_marie, to_seb = desk.once()
    return to_marie, to_seb


@pytest.mark.parametrize(
    ("more", "file", "why"),
    [
        pytest.param("", SETUP, NOT_ADMITTED, id="ending"),
        pytest.param("", ("Facture.PDF.ExE", "application/pdf", PDF), NOT_ADMITTED, id="disguise"),
        pytest.param("", ("facture.pdf", "application/pdf", PROGRAM), NOT_ADMITTED, id="bytes"),
        pytest.param(
            'deny = ["video/*"]', ("a.bin", "video/mp4", b"x"), NOT_ADMITTED, id="declared type"
        ),
        pytest.param(
            'deny = ["video/*"]',
            ("a.mp4", "application/octet-stream", b"x"),
            NOT_ADMITTED,
            id="the name's type",
        ),
        pytest.param(
            'allow = [".pdf"]', ("a.zip", "application/zip", b"x"), NOT_ADMITTED, id="allow"
        ),
        pytest.param(
            'allow = ["image/*", "application/pdf"]\ndeny = []',
            ("virus.exe", "image/png", b"x"),
            NOT_ADMITTED,
            id="a program's ending on an allowed label",
        ),
        pytest.param(
            'allow = ["image/*", "application/pdf"]\ndeny = []',
            ("photo.docm", "image/png", b"x"),
            NOT_ADMITTED,
            id="macros on an allowed label",
        ),
        pytest.param(
            'deny = ["application/vnd.ms-word.document.macroenabled.12"]',
            ("devis.docm", "application/octet-stream", b"x"),
            NOT_ADMITTED,
            id="macros by their type",
        ),
        pytest.param(
            'file = "1kB"', ("a.pdf", "application/pdf", bytes(1001)), "trop lourd", id="file"
        ),
        pytest.param(
            'mail = "1kB"',
            ("a.pdf", "application/pdf", bytes(990)),
            "trop de fichiers lourds ensemble",
            id="mail",
        ),
    ],
)
def test_a_file_is_left_out_and_named(
    desk: TestDesk, more: str, file: tuple[str, str, bytes], why: str
) -> None:
    desk.more = f"[attachments]\n{more}"
    desk.__post_init__()
    desk.deliver(attached(new(MARIE, "Devis", "Voici."), PLAN, file))
    to_marie, to_seb = desk.once()
    assert (to_marie.recipients, to_seb.recipients) == ((MARIE,), (SEB,))
    for mail in (to_marie, to_seb):
        assert left_out(mail).startswith(file[0])
        assert left_out(mail).endswith(f"{why})")
        assert PLAN[0] not in left_out(mail)
    assert riding(to_marie.message) == []
    assert riding(to_seb.message) == [(PLAN[0], PDF)]
    (opening,) = desk.history()
    assert [(one.name, bool(one.withheld)) for one in opening.attachments] == [
        (PLAN[0], False),
        (file[0], True),
    ]


def test_a_notes_author_is_told_in_a_mail_of_his_own(desk: TestDesk) -> None:
    to_marie, _ = opened(desk)
    desk.deliver(attached(answer(to_marie, MARIE, "Essayez ceci."), SETUP, PLAN))
    told, to_seb = desk.once()
    title = "[FRAM][#1898][Pièces jointes] Écran noir"
    assert (told.recipients, subject(told)) == ((MARIE,), title)
    assert told.message["Auto-Submitted"] == "auto-generated"
    assert left_out(told).startswith("setup.exe")
    assert (to_seb.recipients, left_out(to_seb)[:9]) == ((SEB,), "setup.exe")
    assert riding(to_seb.message) == [(PLAN[0], PDF)]


def test_an_agent_is_told_what_did_not_go(desk: TestDesk) -> None:
    _, to_seb = opened(desk)
    desk.deliver(attached(answer(to_seb, SEB, "Lancez ceci."), SETUP))
    mails = desk.once()
    by = {mail.recipients[0]: mail for mail in mails}
    assert set(by) == {MARIE, SEB}
    assert len(mails) == 2
    assert riding(by[MARIE].message) == []
    assert left_out(by[MARIE]).startswith("setup.exe")
    assert left_out(by[SEB]).startswith("setup.exe")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto_Submitted": "auto-replied"}, id="automatic"),
        pytest.param({"In_Reply_To": "", "References": ""}, id="by the number alone"),
    ],
)
def test_nobody_else_is_told(desk: TestDesk, headers: dict[str, str]) -> None:
    to_marie, _ = opened(desk)
    stranger = "inconnu@client.example" if "References" in headers else MARIE
    raw = answer(to_marie, stranger, "Essayez ceci.", **headers)
    if "References" in headers:
        raw = new(stranger, f"Re: {subject(to_marie)}", "Essayez ceci.")
    desk.deliver(attached(raw, SETUP))
    assert {mail.recipients for mail in desk.once()} == {(SEB,)}
    assert [one.withheld for one in desk.history()[-1].attachments] == ["kind"]


def test_a_signatures_logo_is_not_worth_a_mail(desk: TestDesk) -> None:
    desk.more = '[attachments]\nallow = [".pdf"]'
    desk.__post_init__()
    to_marie, _ = opened(desk)
    logo = ("logo.png", "image/png", b"\x89PNG")
    desk.deliver(attached(answer(to_marie, MARIE, "Merci de regarder."), logo, inline=True))
    (to_seb,) = desk.once()
    assert (to_seb.recipients, left_out(to_seb)[:8]) == ((SEB,), "logo.png")


def test_a_storm_is_bounded(desk: TestDesk) -> None:
    desk.more = "[limits]\nper_address_hour = 3"
    desk.__post_init__()
    to_marie, _ = opened(desk)
    for turn in range(6):
        desk.deliver(attached(answer(to_marie, MARIE, f"Essai {turn}."), SETUP))
    told = [head for head in heads(desk.once()) if head[0] == MARIE]
    assert len(told) == 3  # the acknowledgement of a mail without proof counts apart


def test_the_lists_are_read_with_care(desk: TestDesk) -> None:
    desk.more = '[attachments]\ndeny = ["exe", "image/", "*.PDF"]\nclamd = "clamd.ctl"'
    desk.__post_init__()
    with pytest.raises(Exception, match=r"attachments\.deny") as caught:
        desk.config  # noqa: B018
    text = str(caught.value)
    assert 'must be an ending such as ".exe"' in text
    assert 'not "exe"' in text
    assert 'not "image/"' in text
    assert "PDF" not in text
    assert "attachments.clamd: must be the absolute path of clamd's socket" in text
