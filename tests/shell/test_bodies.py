"""Mails in several bodies, as Apple Mail and gateways write them: no words are lost from view."""

import pytest

from mailgate.parse import parse
from mailgate.reply import split
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body

HTML, MORE = ("text/html", "<div>Un <b>mot</b>.</div>"), ("text/html", "<div>La suite.</div>")
QUOTE = ("text/html", '<div>Oui.</div><blockquote type="cite"><div>Quel PC ?</div></blockquote>')
PNG, TEXT = ("image/png", "x"), ("text/plain", "[EXTERNE] Attention.")
FOOTER = ("text/plain", "-- \nDiffusion restreinte.")


def multipart(*parts: tuple[str, str], kind: str = "mixed", mark: str = "b") -> tuple[str, str]:
    inner = "".join(f"--{mark}\nContent-Type: {k}\n\n{value}\n" for k, value in parts)
    return f"multipart/{kind}; boundary={mark}", f"{inner}--{mark}--\n"


def mail(*parts: tuple[str, str], kind: str = "mixed") -> bytes:
    type_, value = multipart(*parts, kind=kind)
    head = f"From: {MARIE}\nTo: support@fram.example\nSubject: Corps\nContent-Type: {type_}\n\n"
    return (head + value).replace("\n", "\r\n").encode()


CASES = [
    ("html, picture, html", mail(HTML, PNG, MORE), "Un mot.|La suite."),
    ("three", mail(HTML, PNG, MORE, PNG, HTML), "Un mot.|La suite.|Un mot."),
    ("banner, html", mail(TEXT, HTML), "[EXTERNE] Attention.|Un mot."),
    (
        "banner, html, picture, html",
        mail(TEXT, HTML, PNG, MORE),
        "[EXTERNE] Attention.|Un mot.|La suite.",
    ),
    ("html, footer", mail(HTML, FOOTER), "Un mot.|-- |Diffusion restreinte."),
    ("blank text, html", mail(("text/plain", " \n"), HTML), "Un mot."),
    (
        "alternative of text and mixed html, as Apple Mail writes it",
        mail(
            ("text/plain", "Un mot. La suite."),
            multipart(HTML, PNG, MORE, mark="c"),
            kind="alternative",
        ),
        "Un mot. La suite.",
    ),
    (
        "alternative of mixed html alone",
        mail(multipart(HTML, PNG, MORE, mark="c"), kind="alternative"),
        "Un mot.|La suite.",
    ),
    (
        "alternative, and a footer in HTML behind it",
        mail(multipart(("text/plain", "Un mot."), HTML, kind="alternative", mark="c"), MORE),
        "Un mot.|La suite.",
    ),
]


@pytest.mark.parametrize(("raw", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_body_is_read_once_and_in_its_order(raw: bytes, words: str) -> None:
    read = parse(raw)
    assert [line for line in read.text.splitlines() if line.strip()] == words.split("|")
    assert {a.type for a in read.attachments} <= {"image/png"}


def test_quotes_of_several_html_bodies_are_folded() -> None:
    read = parse(mail(HTML, PNG, QUOTE))
    cut = split(read.text, read.html)
    assert "Un mot." in cut.text
    assert "Oui." in cut.text
    assert "Quel PC ?" in cut.rest


def test_an_attached_page_stays_a_file() -> None:
    page = ('text/html; name="page.html"\nContent-Disposition: attachment', "<p>Autre</p>")
    read = parse(mail(HTML, page))
    assert read.text == "Un mot."
    assert [a.name for a in read.attachments] == ["page.html"]


@pytest.mark.parametrize("kind", ["text/calendar; method=REPLY", "text/vcard", "text/x-vcard"])
def test_what_is_written_for_programs_is_a_file(kind: str) -> None:
    whole = f"From: {MARIE}\nSubject: Accepted: Point\nContent-Type: {kind}\n\nBEGIN:X\nEND:X\n"
    found = parse(whole.encode())
    assert found.text == ""
    assert [one.type for one in found.attachments] == [kind.partition(";")[0]]


@pytest.mark.parametrize("raw", [mail(HTML, PNG, MORE), mail(TEXT, HTML, MORE)])
def test_the_agents_read_all_of_it(desk: TestDesk, raw: bytes) -> None:
    desk.deliver(raw)
    to_seb = next(m for m in desk.once() if m.recipients == (SEB,))
    assert "Un mot." in body(to_seb)
    assert "La suite." in body(to_seb)


def test_an_agents_answer_behind_a_banner_reaches_the_requester(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    _, to_seb = desk.once()
    html = answer(to_seb, SEB, "Je regarde.", "outlook-html")
    head, _, content = html.partition(b"\r\n\r\n")
    kept = b"\r\n".join(h for h in head.split(b"\r\n") if not h.startswith((b"Content-", b"MIME")))
    inner = b"\r\n".join(h for h in head.split(b"\r\n") if h.startswith(b"Content-"))
    banner = b"--b\r\nContent-Type: text/plain\r\n\r\n[EXTERNE] Attention.\r\n--b\r\n"
    desk.deliver(
        kept + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + banner
        + inner + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    )  # fmt: skip
    (to_marie,) = desk.once()
    assert to_marie.recipients == (MARIE,)
    assert "Je regarde." in body(to_marie)
