"""Mails of the desk: what they say, and how they travel."""

import email
import re
import textwrap
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail_filters import indented
from mailgate.render import Renderer
from rules.keywords import Code, Refusal
from rules.model import Address, Attachment, Ceiling, Storm
from tests.shell.letters import (
    AGENTS,
    DEADLINES,
    ENGLISH,
    FRENCH,
    INTERNAL,
    NOW,
    OUTSIDERS,
    PORTAL,
    REFERENCE,
    RH,
    SEBASTIEN,
    letter,
    read,
    renderer,
)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("portal", [PORTAL, ""], ids=["portal", "no portal"])
@pytest.mark.parametrize("template", [*OUTSIDERS, *AGENTS])
def test_every_template_renders_with_everything_and_with_nothing(
    template: str, portal: str, language: str
) -> None:
    by = renderer(language, portal)
    full = {"via": "RH", "via_link": True, "attachments": (Attachment("1", "a.pdf", "a/b", 1234),)}
    full |= DEADLINES | (INTERNAL if template.startswith("agent-") else {})
    bare = {"requester": None, "author": None, "owner_name": "", "text": "", "token": ""}
    for changes in ({}, DEADLINES, full, bare, {"by_agent": False}, {"requester": RH}):
        mail = read(letter(template, **changes), by)
        assert mail.text.rstrip().endswith(f"\nRéf. {REFERENCE}")
        assert mail.visible.rstrip().endswith(f"Réf. {REFERENCE}")
        assert "None" not in mail.text + mail.visible
        assert all(
            len(line) <= 72 or "://" in line or "mailto:" in line for line in mail.text.split("\n")
        )
        assert "\n\n\n" not in mail.text
        assert not re.search(r"src=|url\(|<img|<script|@import|<link", mail.html)


@pytest.mark.parametrize("by", [FRENCH, ENGLISH], ids=["fr", "en"])
@pytest.mark.parametrize("template", [*OUTSIDERS, *AGENTS])
def test_text_and_html_say_the_same(template: str, by: Renderer) -> None:
    mail = read(letter(template, **DEADLINES), by)
    said = " ".join(re.findall(r"\w+", mail.visible))
    for paragraph in mail.text.split("\n\n"):
        line = re.sub(r"(https|mailto):\S+|\* \* \*", "", paragraph)
        for words in re.split(r"[\n:]", line) if "#attente" in line or "Réf" in line else [line]:
            for part in re.split(r"#[\w]+(?: ADRESSE)? {2,}|\n(?=[A-ZÉ])", words):
                assert " ".join(re.findall(r"\w+", part)) in said


def test_the_shipped_templates_have_no_problem() -> None:
    for by in (FRENCH, ENGLISH):
        assert by.missing([*OUTSIDERS, *AGENTS]) == []


def test_both_languages_have_the_same_templates() -> None:
    folder = files("templates").joinpath("mail")
    names = [{one.name for one in folder.joinpath(lang).iterdir()} for lang in ("fr", "en")]
    own = [
        *OUTSIDERS,
        *AGENTS,
        "links",
        "sign-in",
        "base",
        "agent",
        "keywords",
        "lookalikes",
        "storms",
    ]
    assert names[0] == names[1] == {f"{name}.j2" for name in own}


# --- the words


@pytest.mark.parametrize(
    ("template", "changes", "heading"),
    [
        pytest.param("opened", {}, "Votre ticket est créé", id="opened"),
        pytest.param("note", {}, "Sébastien vous a répondu", id="an agent's note"),
        pytest.param(
            "note", {"author": RH, "by_agent": False}, "RH a ajouté une note", id="RH's note"
        ),
        pytest.param("reply", {"recipient": RH}, "Sébastien vous met en copie", id="a copy"),
        pytest.param("transfer", {}, "Sébastien a besoin de votre réponse", id="transfer"),
        pytest.param(
            "waiting", DEADLINES, "Sébastien attend votre réponse sous 72\u00a0h", id="waiting"
        ),
        pytest.param(
            "reminder",
            DEADLINES | {"date": NOW + timedelta(hours=48), "author": None},
            "Il reste 24\u00a0h pour répondre à Sébastien",
            id="reminder",
        ),
        pytest.param("resolved", {}, "Votre demande est traitée", id="resolved"),
        pytest.param("closed", {}, "Votre ticket est clôturé", id="closed"),
        pytest.param("unanswered", {}, "Votre ticket est fermé, faute de réponse", id="unanswered"),
        pytest.param("late", {}, "Ce ticket est fermé", id="late"),
        pytest.param("agent-note", {}, "Marie DUPONT a ajouté une note", id="agent-note"),
    ],
)
def test_headings(template: str, changes: dict[str, Any], heading: str) -> None:
    mail = read(letter(template, **changes))
    assert mail.text.startswith(f"{heading}\n\n")
    assert f">{heading}</h1>" in mail.html


def test_deadlines_are_hours_of_the_desk() -> None:
    french, english = (read(letter("waiting", **DEADLINES), by).text for by in (FRENCH, ENGLISH))
    said = french.replace("\n", " ")
    assert "avant le vendredi 24 juillet à 11:00 (heure de Paris)." in said
    assert "Un rappel vous sera envoyé le jeudi 23 juillet à 11:00." in said
    assert "Answer by Friday 24 July, 11:00 (Paris time)." in english.replace("\n", " ")


def test_the_first_of_a_month_is_ordinal_in_french() -> None:
    first = {"closes_at": datetime(2026, 8, 1, 9, tzinfo=UTC)}
    assert "le samedi 1er août à 11:00" in read(letter("waiting", **first)).text
    assert "Saturday 1 August, 11:00" in read(letter("waiting", **first), ENGLISH).text


def test_without_deadline_none_is_promised() -> None:
    for template in ("waiting", "reminder", "resolved"):
        mail = read(letter(template))
        assert "sera fermé" not in mail.text
        assert "sera clôturé" not in mail.text


@pytest.mark.parametrize("by", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_a_closed_ticket_offers_the_one_keyword_that_does_something_there(by: Renderer) -> None:
    for template in ("agent-late", "agent-note", "agent-state", "agent-internal"):
        mail = read(letter(template, state="closed", closed=True), by)
        for half in (mail.text, mail.visible):
            assert "#rouvrir" in half
            assert "#attente" not in half
            assert "Marie DUPONT." not in half  # no words that a note is sent to her


def test_agents_read_states_in_their_own_words() -> None:
    label = "En attente d'une réponse de votre part sous 72h"
    told = {"state": "waiting", "state_label": label}
    assert "État : En attente\n" in read(letter("agent-note", **told)).text.replace("\xa0", " ")
    assert "change d'état : En attente\n" in read(letter("agent-state", **told)).text.replace(
        "\xa0", " "
    )
    own = {"state": "parked", "state_label": "En réserve"}
    assert "État : En réserve\n" in read(letter("agent-note", **own)).text.replace("\xa0", " ")


@pytest.mark.parametrize("by", [FRENCH, ENGLISH], ids=["fr", "en"])
@pytest.mark.parametrize("ceiling", list(Ceiling))
def test_every_ceiling_has_its_words(by: Renderer, ceiling: Ceiling) -> None:
    said = by.storm(Storm(ceiling, "1898 proven", 7, 1898), "[limits] x")
    assert re.search(r"\b7\b.*\(\[limits\] x\)$", said)
    assert "proven" not in said


def test_confirm_and_refuse_are_buttons_with_a_link_and_keywords_always() -> None:
    linked, bare = read(letter("resolved")), read(letter("resolved", token=""))
    assert f'href="{PORTAL}/t/k3Jq9vXw2LmT8sRbYc5HdA?choice=confirm"' in linked.html
    assert "?choice=refuse" in linked.text
    assert "choice=" not in bare.text + bare.html
    for mail in (linked, bare):
        assert "#confirmer ou #refuser" in mail.text.replace("\n", " ")


def test_relayed_words_keep_their_lines_and_are_indented() -> None:
    url = "https://example.org/" + "x" * 100
    mail = read(letter(text=f"Bonjour,\nun\n\n  deux\n{'mot ' * 30}\n{url}"))
    assert "\n  Bonjour,\n  un\n\n    deux\n  mot mot" in mail.text
    assert f"\n  {url}\n" in mail.text
    assert "Bonjour,<br>\nun</p>" in mail.html


def test_relayed_words_are_escaped() -> None:
    words = '<script>alert(1)</script> & "x" {{ token }} {% x %}'
    mail = read(letter(text=words, author=Address("a@b.example", "<b>A</b>"), subject="<i>"))
    assert words in mail.text
    assert words in mail.visible
    assert "<script" not in mail.html
    assert "<b>A" not in mail.html


def test_files_ride_along_and_the_others_are_listed() -> None:
    small, large = (
        Attachment("1", "été.pdf", "a/b", 3),
        Attachment("2", "gros.zip", "a/b", 12_345_678),
    )
    one = letter(attachments=(small, large), files=((small, b"abc"),))
    mail = read(one)
    assert "gros.zip (12" in mail.text
    assert "été.pdf" not in mail.text
    parts = email.message_from_bytes(mail.rendered.data).walk()
    assert [part.get_filename() for part in parts if part.get_filename()] == ["été.pdf"]


# --- the headers


def test_headers_of_a_note() -> None:
    mail = read(letter(tag="Note/Réponse", ancestors=("a@x", "b@y")))
    assert mail.headers == {
        "From": "Sébastien via FRAM <support@fram.example>",
        "To": "Marie DUPONT <marie.dupont@fram.example>",
        "Subject": "[FRAM][#1898][Note/Réponse] "
        "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08",
        "Date": "Tue, 21 Jul 2026 09:00:00 +0000",
        "Message-ID": f"<{REFERENCE}@fram.example>",
        "In-Reply-To": "<b@y>",
        "References": f"<{REFERENCE}.r@fram.example> <a@x> <b@y>",
        "X-Auto-Response-Suppress": "DR, RN, NRN, AutoReply",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_a"',
    }
    assert mail.rendered.message_id == f"{REFERENCE}@fram.example"
    assert mail.rendered.subject == mail.headers["Subject"]


def test_the_first_mail_cites_its_virtual_ancestor_alone() -> None:
    headers = read(letter()).headers
    assert "In-Reply-To" not in headers
    assert headers["References"] == f"<{REFERENCE}.r@fram.example>"


def test_of_a_long_thread_the_latest_ids_are_cited() -> None:
    ids = tuple(f"{number}@x" for number in range(200))
    cited = read(letter(ancestors=ids)).headers["References"].split()
    assert cited[0] == f"<{REFERENCE}.r@fram.example>"
    assert cited[1:] == [f"<{one}>" for one in ids[-50:]]


@pytest.mark.parametrize(
    ("template", "automatic", "value"),
    [
        pytest.param("opened", True, "auto-replied", id="acknowledgement"),
        pytest.param("late", True, "auto-replied", id="late notice"),
        pytest.param("reminder", True, "auto-generated", id="reminder"),
        pytest.param("closed", True, "auto-generated", id="closing"),
        pytest.param("agent-trouble", True, "auto-generated", id="trouble"),
        pytest.param("note", False, None, id="a person's note"),
        pytest.param("agent-opened", False, None, id="a request to agents"),
    ],
)
def test_auto_submitted(template: str, automatic: bool, value: str | None) -> None:
    headers = read(letter(template, automatic=automatic)).headers
    assert headers.get("Auto-Submitted") == value
    assert headers["X-Auto-Response-Suppress"] == "DR, RN, NRN, AutoReply"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({}, "Sébastien via FRAM", id="an agent"),
        pytest.param({"author": None}, "FRAM", id="the desk"),
        pytest.param({"automatic": True}, "FRAM", id="the desk about someone's words"),
        pytest.param({"author": Address("rh@x.example")}, "rh via FRAM", id="nameless"),
    ],
)
def test_who_speaks_is_in_the_display_name(changes: dict[str, Any], name: str) -> None:
    assert read(letter(**changes)).headers["From"] == f"{name} <support@fram.example>"


@given(subject=st.text(max_size=120), name=st.text(max_size=60), text=st.text(max_size=200))
def test_any_words_make_one_mail_to_one_recipient(subject: str, name: str, text: str) -> None:
    author = Address("x@y.example", name)
    mail = read(letter("agent-note", subject=subject, author=author, text=text))
    assert mail.headers["To"] == "Sébastien <sebastien@fram.example>"
    assert mail.headers["Subject"].startswith("[FRAM][#1898][Note]")
    assert "Bcc" not in mail.headers
    assert mail.text.rstrip().endswith(f"\nRéf. {REFERENCE}")


def test_a_local_part_in_utf8_asks_for_smtputf8() -> None:
    assert not FRENCH.render(letter()).smtputf8
    assert FRENCH.render(letter(recipient=Address("zoé@fram.example"))).smtputf8


def test_a_trouble_tells_its_detail_once() -> None:
    bounce = "victim@y.example: 550 no such user"
    mail = read(letter("agent-trouble", author=None, automatic=True, reason=bounce, text=bounce))
    assert mail.text.count(bounce) == 1
    assert "a écrit" not in mail.text


def test_a_trouble_without_proof_is_put_into_words() -> None:
    mail = read(letter("agent-trouble", automatic=True, reason="unproven", author=SEBASTIEN))
    assert "sans preuve qu'il vient de vous" in mail.text
    assert "unproven" not in mail.text
    assert "Sébastien a écrit" in mail.text


@pytest.mark.parametrize("by", [FRENCH, ENGLISH], ids=["fr", "en"])
@pytest.mark.parametrize("code", Code)
def test_a_refused_line_is_quoted_with_a_reason_of_its_own(code: Code, by: Renderer) -> None:
    lines = (Refusal("#résolv <b>", code), Refusal("#xyz", Code.UNKNOWN))
    mail = read(letter("agent-trouble", refused=lines, reason="refused", text=""), by)
    first, second, end, retry = mail.text.split("\n\n")[1:5]
    assert "#résolv <b>" in first
    assert "#xyz" in second
    assert (first.rpartition(":")[2] == second.rpartition(":")[2]) == (code is Code.UNKNOWN)
    assert ("note interne" if by is FRENCH else "internal note") in end.replace("\n", " ")
    assert ("#aide" if by is FRENCH else "#help") in retry
    assert "refused" not in mail.text
    assert "#résolv <b>" in mail.visible


@pytest.mark.parametrize(
    ("code", "nearest", "said"),
    [
        pytest.param(Code.UNKNOWN, "résolu", "Le plus proche : #résolu.", id="a keyword"),
        pytest.param(Code.UNKNOWN_AGENT, "Nadia", "Le plus proche : Nadia.", id="an agent"),
    ],
)
def test_the_nearest_is_told(code: Code, nearest: str, said: str) -> None:
    mail = read(letter("agent-trouble", refused=(Refusal("#x", code, nearest),), reason="refused"))
    assert said in mail.text.replace("\u00a0", " ").replace("\n", " ")


@pytest.mark.parametrize("by", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_a_closed_ticket_is_reopened_by_the_desks_own_keyword(by: Renderer) -> None:
    own = (("zurück", "open"), ("aide", "help"))
    mail = read(letter("agent-late", closed=True, keywords=own), by)
    assert mail.text.count("#zurück") == 2
    assert "#rouvrir" not in mail.text
    aid = read(letter("agent-help", closed=True, keywords=own), by)
    closed = "Ce ticket est fermé" if by is FRENCH else "This ticket is closed"
    assert closed in aid.text
    assert "Sans ce mot-clé" not in aid.text


@pytest.mark.parametrize(("files", "said"), [(0, ""), (1, ", seulement des pièces jointes")])
def test_agents_are_told_that_a_request_has_no_words(files: int, said: str) -> None:
    scan = Attachment("1", "scan.png", "image/png", 300, "")
    mail = read(letter("agent-opened", text="", attachments=(scan,) * files))
    assert f"Ce message n'a pas de texte{said}." in mail.text
    assert "pas de texte" not in read(letter("agent-opened", attachments=(scan,))).text


@pytest.mark.parametrize("to_agent", [True, False], ids=["agent", "outsider"])
def test_a_name_that_holds_an_address_is_not_read_as_one(to_agent: bool) -> None:
    eve = Address("eve@elsewhere.example", "sebastien@fram.example")
    template = "agent-note" if to_agent else "note"
    mail = read(letter(template, to_agent=to_agent, author=eve, requester=eve))
    assert "sebastien@" not in mail.text
    assert ("eve@elsewhere.example a écrit" if to_agent else "eve a écrit") in mail.text


def test_an_admin_who_is_no_agent_is_not_addressed_as_one() -> None:
    mail = read(letter("agent-trouble", reason="storm", author=None, keywords=()))
    assert "vous êtes agent" not in mail.text
    assert "car un plafond" in mail.text.replace("\n", " ")


def test_the_help_lists_every_keyword_and_other_mails_the_common_ones() -> None:
    aid, note = read(letter("agent-help")), read(letter("agent-note"))
    for listed, mail in ((True, aid), (False, note)):
        assert ("  #rouvrir             Rouvrir\n" in mail.text) is listed
        assert ("  #garé                parked\n" in mail.text) is listed  # no label: its name
        assert ("#aide  " in mail.text) is listed
        assert "  #attente             Attente 72h\n" in mail.text
        assert "  #transfert ADRESSE   Transférer\n" in mail.text
    assert "  #attente             Wait 72h\n" in read(letter("agent-note"), ENGLISH).text
    assert "Les mots-clés Rouvrir" in " ".join(aid.visible.split())
    assert "Répondre en un clic Attente 72h" in " ".join(note.visible.split())


@given(
    st.lists(
        st.sampled_from(["a", "bc-", "é.", "w" * 33, " ", "    ", "\t", "\u00a0", "\x0c"]),
        min_size=15,
        max_size=40,
    )
)
def test_lines_break_where_the_standard_library_breaks_them(pieces: list[str]) -> None:
    line = "".join(pieces)
    filled = textwrap.fill(
        line, 70, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    filled = filled if len(line) > 70 else line
    assert indented(line) == textwrap.indent(filled, "  ")
