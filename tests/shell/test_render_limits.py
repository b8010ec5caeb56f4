"""Mails of the desk: what a reader must not see, one-click links, and overrides."""

import html
import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jinja2
import pytest

from mailgate.render import DERIVED, Letter, Renderer
from rules.model import Address
from tests.shell.letters import (
    AGENTS,
    DEADLINES,
    FRENCH,
    INTERNAL,
    MARIE,
    NO_PORTAL,
    OUTSIDERS,
    PORTAL,
    REFERENCE,
    SEBASTIEN,
    Read,
    letter,
    read,
    renderer,
)


@pytest.mark.parametrize("template", OUTSIDERS)
def test_nothing_internal_reaches_an_outsider(template: str) -> None:
    author = Address("secret.agent@inside.example", "")
    copy = Address("collegue@x.example", "Collègue")
    mail = read(
        letter(template, author=author, recipient=copy, via="INSIDE@via.example", **INTERNAL)
    )
    everything = mail.text + html.unescape(mail.html) + str(mail.headers)
    for secret in ("INSIDE ", "777123", "@inside.example", "@via.example", "inside@", MARIE.email):
        assert secret not in everything


@pytest.mark.parametrize("name", ["INSIDE quoted", "777123", "INSIDE cc"])
def test_agents_see_it(name: str) -> None:
    mail = read(letter("agent-note", **INTERNAL))
    assert name in mail.text
    assert name in mail.visible


def test_an_internal_note_to_an_outsider_is_an_error() -> None:
    with pytest.raises(ValueError, match="internal note"):
        FRENCH.render(letter(quote_internal=True))
    assert "Note interne" in read(letter("agent-internal", quote_internal=True)).text


def test_an_override_sees_no_more_than_a_shipped_template(tmp_path: Path) -> None:
    write(
        tmp_path,
        "note",
        "{{ quoted }}{{ reason }}{{ cc }}{{ keywords }}{{ refused }}{{ author.email }}",
    )
    mail = read(letter(**INTERNAL), renderer(overrides=tmp_path))
    assert "INSIDE" not in mail.text
    assert SEBASTIEN.email not in mail.text


def test_links_and_references_of_others_are_cut_from_relayed_words() -> None:
    stolen = f"voir {PORTAL}/t/abcdef et mg-{'b3' * 13}"
    mail = read(letter("agent-note", text=stolen, quoted=stolen, subject=stolen, reason=stolen))
    everything = mail.text + mail.html + mail.headers["Subject"]
    assert "abcdef" not in everything
    assert "mg-b3" not in everything


@pytest.mark.parametrize("template", [*OUTSIDERS, *AGENTS])
def test_no_link_without_portal_or_token(template: str) -> None:
    mail = read(letter(template, **DEADLINES), NO_PORTAL)
    assert "http" not in mail.text + mail.html
    mail = read(letter(template, token=""))
    assert "/t/" not in mail.text + mail.html


def test_with_a_portal_the_help_articles_are_linked() -> None:
    mail = read(letter("opened"))
    for half in (mail.text, mail.visible):
        said = " ".join(half.split())
        assert "Comment créer un ticket ?" in said
        assert "Comment consulter et répondre à un ticket ?" in said
    assert f'href="{PORTAL}/help/create"' in mail.html
    assert f'href="{PORTAL}/help/answer"' in mail.html


# --- mailto: links


def mailtos(mail: Read) -> list[tuple[str, str, str]]:
    found = []
    for link in re.findall(r'href="(mailto:[^"]*)"', mail.html):
        assert len(html.unescape(link)) <= 1900
        assert " " not in link
        assert "+" not in link  # RFC 6068 section 5: a blank is %20
        parts = urlsplit(html.unescape(link))
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
        found.append((parts.path, query["subject"][0], query["body"][0]))
    return found


def test_one_click_links_prefill_keyword_and_reference() -> None:
    mail = read(letter("agent-note"))
    links = mailtos(mail)
    assert {path for path, _, _ in links} == {"support@fram.example"}
    assert {subject for _, subject, _ in links} == {f"Re: {mail.rendered.subject}"}
    starts = ("#attente", "#résolu", "#transfert ", "#interne")
    assert [body.split("\r\n") for _, _, body in links] == [
        [first, "", "", f"Réf. {REFERENCE}"] for first in starts
    ]
    assert "  #transfert ADRESSE   Transférer\n" in mail.text


def test_one_click_links_stay_short_under_a_long_subject() -> None:
    for _, subject, body in mailtos(read(letter("agent-note", subject="😀" * 400))):
        assert subject.startswith("Re: [FRAM][#1898][Note] 😀")
        assert body.endswith(f"Réf. {REFERENCE}")


def test_a_late_answer_carries_over_to_a_new_ticket() -> None:
    text = "Une ligne\n& une autre ? #1"
    ((path, subject, body),) = mailtos(read(letter("late", text=text, token="", automatic=True)))
    assert path == "support@fram.example"
    assert subject == letter().subject
    assert body == text.replace("\n", "\r\n")
    assert REFERENCE not in body


@pytest.mark.parametrize("char", ["a", "é", "字", "😀", "\n", "é\n"])
def test_a_long_late_answer_is_clipped(char: str) -> None:
    ((_, _, body),) = mailtos(read(letter("late", text=f"x{char * 5000}x")))
    assert body.startswith("x")
    assert body.endswith("…")
    assert "\r\r" not in body


# --- overrides and the contract


def write(folder: Path, name: str, body: str) -> None:
    path = folder / "mail" / "fr" / f"{name}.j2"
    path.parent.mkdir(parents=True, exist_ok=True)
    words = f"{{% block heading %}}H{{% endblock %}}{{% block body %}}{body}{{% endblock %}}"
    path.write_text(f'{{% extends "shipped/mail/fr/note.j2" %}}{words}')


def test_one_override_changes_both_halves(tmp_path: Path) -> None:
    write(tmp_path, "note", "Nos mots pour {{ recipient }}.")
    mail = read(letter(), renderer(overrides=tmp_path))
    for half in (mail.text, mail.visible):
        assert "Nos mots pour Marie DUPONT." in half
        assert "vous a répondu" not in half
        assert "quel PC" in half


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        pytest.param("note", "{% if %}", "mail/fr/note.j2, line 1:", id="syntax"),
        pytest.param("note", "{{ x|nope }}", "No filter named 'nope'", id="unknown filter"),
        pytest.param("note", "{{ nmber }}", "mail/fr/note.j2 uses 'nmber'", id="unknown name"),
        pytest.param("own", "{% include 'b.j2' %}", "b.j2 is missing", id="missing part"),
        pytest.param("other", "", "mail/fr/own.j2 is missing", id="missing"),
    ],
)
def test_check_names_what_is_wrong(tmp_path: Path, name: str, body: str, sentence: str) -> None:
    write(tmp_path, name, body)
    found = renderer(overrides=tmp_path).missing(["note", "own" if name != "note" else "closed"])
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize("shipped", [True, False], ids=["check", "start"])
def test_a_template_in_another_charset_is_named(tmp_path: Path, *, shipped: bool) -> None:
    write(tmp_path, "note", "")
    (tmp_path / "mail/fr/note.j2").write_bytes("Réponse".encode("latin-1"))
    (found,) = renderer(overrides=tmp_path).missing(["note"], shipped=shipped)
    assert found == "templates: mail/fr/note.j2 is not UTF-8 text; save the file as UTF-8"


def test_a_start_without_overrides_looks_for_the_files_alone() -> None:
    assert renderer().missing(["note", "own"], shipped=False) == [
        "templates: mail/fr/own.j2 is missing; write it, or name another template"
    ]


def test_a_start_reads_what_is_overridden(tmp_path: Path) -> None:
    write(tmp_path, "note", "{{ nmber }}")
    (found,) = renderer(overrides=tmp_path).missing(["note"], shipped=False)
    assert "uses 'nmber'" in found


def test_a_name_that_no_mail_has_stops_the_mail(tmp_path: Path) -> None:
    write(tmp_path, "note", "{{ nmber }}")
    with pytest.raises(jinja2.UndefinedError):
        renderer(overrides=tmp_path).render(letter())


def test_every_variable_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)", page.partition("## Variables")[2], re.MULTILINE))
    given = {field.name for field in fields(Letter)} | set(DERIVED)
    desk = {"language", "city", "desk_name", "desk_address", "portal_url", "mailto"}
    assert listed == given | desk | {"full_subject"}


@pytest.mark.parametrize(
    ("language", "timezone"), [("xx", "Europe/Paris"), ("fr", "Europe/Nowhere"), ("fr", "../x")]
)
def test_an_unknown_language_or_timezone_is_refused(language: str, timezone: str) -> None:
    with pytest.raises(ValueError):
        Renderer(language, timezone, "FRAM", "support@fram.example", "", None)


def test_a_zone_without_place_is_named_itself() -> None:
    by = Renderer("en", "UTC", "FRAM", "support@fram.example", "", None)
    assert "(UTC time)" in read(letter("waiting", **DEADLINES), by).text
