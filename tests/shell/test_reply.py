"""New text apart from quoted text and signature, client by client."""

# ruff: noqa: E501 (a case is one line)

import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.parse import parse
from mailgate.reply import split
from rules.model import Reply

MAILS = Path(__file__).parent.parent / "mails"
NEW = "Bonjour,\n\nle badge est arrivé."
REFERENCE = "Réf. mg-" + "a2" * 13
# What stands below the new text: all of it belongs to the rest.
OLD = "Avez-vous reçu le badge ?\n\n-- \nLe support FRAM\n" + REFERENCE
QUOTED = "\n".join(f"> {line}" for line in OLD.splitlines())


@pytest.mark.parametrize(
    "below",
    [
        pytest.param("De : Support FRAM <support@fram.example>\nEnvoyé : lundi 3 août 2026 09:00\nÀ : Marie DUPONT\nObjet : [FRAM][#1898][Note] Badge\n\n" + OLD, id="Outlook, French"),
        pytest.param("De : Support FRAM\nEnvoyé : lundi 3 août 2026 09:00\nÀ : Marie DUPONT\n\n" + OLD, id="Windows Mail, no subject"),
        pytest.param("De\u00a0: Support FRAM <support@fram.example>\nDate\u00a0: lundi 3 août 2026 à 09:00\nÀ\u00a0: Marie DUPONT <marie@x.example>\nObjet\u00a0: Badge\n" + OLD, id="Outlook for Mac, French"),
        pytest.param("From: Support FRAM <support@fram.example>\nSent: Monday, August 3, 2026 9:00 AM\nTo: Marie DUPONT\nCc: RH\nSubject: Badge\n\n" + OLD, id="Outlook, English"),
        pytest.param("*From:* Support FRAM\n*Sent:* Monday, August 3, 2026\n*To:* Marie\n*Subject:* Badge\n\n" + OLD, id="Outlook, bold labels"),
        pytest.param("_" * 32 + "\nDe : Support FRAM <support@fram.example>\nEnvoyé : lundi 3 août 2026\nÀ : Marie\nObjet : Badge\n" + OLD, id="Outlook on the web, French"),
        pytest.param("-----Message d'origine-----\nDe : Support FRAM\n\n" + OLD, id="Outlook, old, French"),
        pytest.param("-----Message d’origine-----\n" + OLD, id="curly apostrophe"),
        pytest.param("-----Original Message-----\nFrom: Support FRAM\n\n" + OLD, id="Outlook, old, English"),
        pytest.param("----- Mail original -----\nDe: \"Support\" <support@fram.example>\n" + OLD, id="Zimbra"),
        pytest.param("---------- Forwarded message ---------\nDe : Support\n" + OLD, id="Gmail, forwarded"),
        pytest.param("Le lun. 3 août 2026 à 10:12, Support FRAM <support@fram.example> a écrit :\n\n" + QUOTED, id="Gmail, French"),
        pytest.param("Le\u00a0lun. 3 août 2026 à\u00a010:12, Support FRAM <support@fram.example> a écrit\u00a0:\n\n" + QUOTED, id="Gmail, no-break spaces"),
        pytest.param("Le lun. 3 août 2026 à 10:12, Support FRAM <support@fram.example> a écrit\u202f:\n\n" + OLD, id="Gmail, narrow no-break space, unmarked"),
        pytest.param("Le lun. 3 août 2026 à 10:12, Support FRAM et quelques autres noms bien longs\n<support@fram.example> a écrit :\n\n" + QUOTED, id="Gmail, wrapped once"),
        pytest.param("Le lun. 3 août 2026 à 10:12,\nSupport FRAM\n<support@fram.example>\na écrit :\n\n" + OLD, id="Gmail, wrapped over four lines"),
        pytest.param("Le lun. 3 août 2026 à 10:12, Support FRAM <support@fram.example\n> a écrit :\n\n" + QUOTED, id="Gmail, wrapped inside the brackets"),
        pytest.param("On Mon, Aug 3, 2026 at 10:12 AM Support FRAM <support@fram.example> wrote:\n\n" + QUOTED, id="Gmail, English"),
        pytest.param("Le 3 août 2026 à 10:12, Support FRAM <support@fram.example> a écrit :\n\n" + OLD, id="Apple Mail, French, unmarked"),
        pytest.param("> Le 3 août 2026 à 10:12, Support FRAM <support@fram.example> a écrit :\n> \n" + QUOTED, id="iPhone, attribution quoted"),
        pytest.param("On 3 Aug 2026, at 10:12, Support FRAM <support@fram.example> wrote:\n\n" + QUOTED, id="Apple Mail, English"),
        pytest.param("Le 03/08/2026 à 10:12, Support FRAM a écrit :\n" + QUOTED, id="Thunderbird, French"),
        pytest.param("Le 03/08/2026 à 10:12, Support FRAM a écrit :\n" + OLD, id="Thunderbird, French, unmarked"),
        pytest.param("On 03/08/2026 10:12, Support FRAM wrote:\n" + QUOTED, id="Thunderbird, English"),
        pytest.param("Le lundi 3 août 2026 à 10:12:33 UTC+2, Support <support@fram.example> a écrit :\n\n" + OLD, id="Yahoo, French"),
        pytest.param("> Message du 03/08/26 10:12\n> De : support@fram.example\n" + QUOTED, id="Orange"),
        pytest.param("Am 03.08.2026 um 10:12 schrieb Support FRAM:\n" + QUOTED, id="Thunderbird, German"),
        pytest.param("2026-08-03 10:12 GMT+02:00 Support FRAM <support@fram.example>:\n\n" + OLD, id="Gmail, date first"),
        pytest.param(QUOTED, id="marks alone"),
        pytest.param("-- \nMarie DUPONT\nTél. 05 61 00 00 00", id="signature"),
        pytest.param("Envoyé de mon iPhone", id="iPhone, French"),
        pytest.param("Sent from my iPhone", id="iPhone, English"),
        pytest.param("Envoyé à partir de Outlook pour Android<https://aka.ms/AAb9ysg>", id="Outlook for Android, French"),
        pytest.param("Get Outlook for iOS<https://aka.ms/o0ukef>", id="Outlook for iOS, English"),
        pytest.param("Envoyé depuis mon téléphone Orange", id="Orange phone"),
        pytest.param("Envoyé de mon iPhone\n\nLe 3 août 2026 à 10:12, Support <support@fram.example> a écrit :\n\n" + QUOTED, id="phone and quote"),
        pytest.param("-- \nMarie\n\nLe 03/08/2026 à 10:12, Support FRAM a écrit :\n" + QUOTED, id="signature and quote"),
        pytest.param("_" * 47 + "\nagents mailing list\nagents@lists.example", id="list footer"),
        pytest.param(REFERENCE, id="our reference alone"),
        pytest.param("-- \nLe support FRAM\nhttps://desk.example/t/xyz\n" + REFERENCE, id="our footer alone"),
    ],
)  # fmt: skip
def test_clients(below: str) -> None:
    reply = split(f"{NEW}\n\n{below}\n")
    assert reply.text == NEW
    assert reply.rest == below


@pytest.mark.parametrize(
    ("text", "new"),
    [
        pytest.param(f"Le 03/08/2026 à 10:12, X a écrit :\n{QUOTED}\n\nOui, merci.", "Oui, merci.", id="below"),
        pytest.param("> Avez-vous le badge ?\n\nOui.\n\n> Et la clé ?\n\nNon.", "Oui.\n\n\nNon.", id="between"),
        pytest.param("> Avez-vous le badge ?\nOui.\n-- \nMarie", "Oui.", id="below, with a signature"),
        pytest.param("#note\nMerci\n\nOn 03/08/2026 10:12, X wrote:\n> a\n\nEt aussi ceci", "#note\nMerci\n\n\nEt aussi ceci", id="above and below"),
    ],
)  # fmt: skip
def test_answers_below_and_between_survive(text: str, new: str) -> None:
    assert split(text).text == new


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Le client a écrit à 10:30 :\nmon écran est noir", id="somebody wrote at a time"),
        pytest.param("On Monday he wrote:\nno screen", id="somebody wrote on a day"),
        pytest.param("De : Paris\nÀ : Lyon\nDate : 3 août\nMerci", id="a journey"),
        pytest.param("Objet : commande\nDe : moi", id="two labels"),
        pytest.param("Sent from my desk, is much easier than my phone.", id="a sentence about a desk"),
        pytest.param("Envoyé de Toulouse hier. Rien reçu.", id="a sentence about Toulouse"),
        pytest.param("Envoyé de mon iPhone\n\nEt voici la suite", id="a phone's line with text below"),
        pytest.param("- un\n-- deux\n--- trois", id="dashes"),
        pytest.param("-----\nvoir ci-dessous\n-----", id="rules around text"),
        pytest.param("a > b\n1 >= 0", id="greater than"),
        pytest.param(">From here on it works", id="mailbox mark"),
        pytest.param("Réf. mg-12 de la commande", id="another reference"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    assert split(text) == Reply(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Le badge est pour :\n\nAna Roy", id="the answer is a name"),
        pytest.param("Ana Roy", id="a name alone"),
        pytest.param("Bonjour,\n\nAna Roy arrive demain.", id="a sentence about her"),
        pytest.param("Bonjour,\n\nAna Roy demande un badge\nAvant demain", id="she asks"),
        pytest.param("Voici.\nCordialement,\nAna\n\nP.S. la clé aussi", id="a postscript"),
        pytest.param("Voici.\nCordialement,\nAna\n\nEt la clé ?", id="a question below"),
        pytest.param("Voici.\nCordialement,\nAna\n#résolu", id="a keyword below"),
        pytest.param("Best or worst?\n> Best\n\nBest", id="one word of answer"),
        pytest.param("With kind regards to the team, it works.", id="regards in a sentence"),
        pytest.param("Sent from Paris this morning", id="a parcel's road"),
        pytest.param("Ce message est confidentiel : à ne pas diffuser.", id="a secret"),
        pytest.param("> Le badge ne marche pas depuis que vous avez changé la serrure de la porte.\nnon\n> et ?", id="an answer below a whole sentence"),
        pytest.param("> Et la clé\nnon\n> et ?", id="an answer below a short line"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_signature_stays(text: str) -> None:
    new = [line for line in text.split("\n") if not line.startswith(">")]
    assert split(text, sender="Ana Roy").text == "\n".join(new)


@pytest.mark.parametrize(
    ("below", "sender"),
    [
        ("Ana Roy\nHead of Supplies", "Ana Roy"),
        ("Ana M. Roy, Head of Supplies\nvia mobile", "Ana Roy"),
        ("Roy Ana", "Roy, Ana"),
        ("Ana K. Roy, Ph.D.\nHead of Supplies\nana@x.example", "ana@x.example"),
        ("-----\n\nlogo\n\nAna Roy\nT. 05 61 00 00 00", "Ana Roy"),
    ],
)
def test_the_block_below_the_senders_name(below: str, sender: str) -> None:
    reply = split(f"{NEW}\n\n{below}\n\n> ancien", sender=sender)
    assert (reply.text, reply.signature) == (NEW, below)
    assert split(f"{NEW}\n\n{below}", sender="Li Wu").text == f"{NEW}\n\n{below}"


def test_what_is_signature_is_told_from_the_quote() -> None:
    assert split("Cordialement,\nAna\n\n> ancien").signature == "Cordialement,\nAna"
    assert split("> ancien").signature == ""
    html = "<p>Oui</p><div class=gmail_signature>Ana</div><blockquote type=cite>ancien</blockquote>"
    assert split("", html) == Reply("Oui", "Ana\n> ancien", "Ana")


def test_what_a_client_broke_off_a_quoted_line_is_quoted() -> None:
    above = "> Le badge du bâtiment annexe est arrivé et se trouve à l'accueil principal,"
    reply = split(f"Merci.\n\n{above}\navec la clé\n> de la salle.")
    assert reply == Reply("Merci.", f"{above}\navec la clé\n> de la salle.")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(QUOTED, id="a quote"),
        pytest.param("De : A <a@x.example>\nEnvoyé : lundi\nÀ : B\nObjet : C\n\n" + OLD, id="Outlook"),
        pytest.param("-- \nMarie", id="a signature"),
    ],
)  # fmt: skip
def test_all_of_it_may_be_rest(text: str) -> None:
    reply = split(text)
    assert (reply.text, reply.rest) == ("", text)


@pytest.mark.parametrize("text", ["", "\n \n\u00a0\n"])
def test_nothing(text: str) -> None:
    assert split(text).text == ""


@pytest.mark.parametrize(
    "below",
    [
        pytest.param('<div class="gmail_quote"><div class="gmail_attr">Le lun. 3 août a écrit :</div><blockquote class="gmail_quote">ancien</blockquote></div>', id="Gmail"),
        pytest.param('<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">ancien</div><blockquote>ancien</blockquote></div>', id="Gmail, container"),
        pytest.param('<div class="gmail_quote">Forwarded<br>ancien</div>', id="Gmail, forwarded"),
        pytest.param('<div class="moz-cite-prefix">ancien</div><blockquote type="cite">ancien</blockquote>', id="Thunderbird"),
        pytest.param('<blockquote type="cite"><div>ancien</div></blockquote>', id="Apple Mail"),
        pytest.param('<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">ancien</div><div>ancien</div>', id="Outlook on the web"),
        pytest.param('<div id="divRplyFwdMsg">ancien</div></div><p>ancien</p>', id="Outlook, up to the end"),
        pytest.param("<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>ancien</div></div><p>ancien</p>", id="Outlook"),
        pytest.param('<div class="gmail_signature">ancien</div>', id="Gmail signature"),
        pytest.param('<div id="Signature"><p>ancien</p></div>', id="Outlook signature"),
        pytest.param('<div class="yahoo_quoted">ancien</div>', id="Yahoo"),
        pytest.param("<p>De : ancien &lt;a@x.example&gt;<br>Envoyé&nbsp;: lundi<br>À : ancien<br>Objet : ancien</p><p>ancien</p>", id="the text rules see the rest"),
        pytest.param("<p>Envoyé de mon iPhone</p>", id="phone"),
    ],
)  # fmt: skip
def test_marks_in_html(below: str) -> None:
    reply = split("", f"<html><body><div>Le badge est arrivé.</div>{below}</body></html>")
    assert reply.text == "Le badge est arrivé."
    assert "ancien" in reply.rest or "iPhone" in reply.rest


@pytest.mark.parametrize(
    ("html", "new"),
    [
        pytest.param('<div class="gmail_quote"><div class="gmail_attr">x :</div><blockquote class="gmail_quote">a</blockquote><div>Oui</div><blockquote class="gmail_quote">b</blockquote><div>Non</div></div>', "Oui\n\nNon", id="Gmail, between"),
        pytest.param('<div class="gmail_quote"><blockquote class="gmail_quote">a</blockquote></div><div>Oui</div>', "Oui", id="Gmail, below"),
        pytest.param('<blockquote type="cite">a</blockquote><p>Oui</p><blockquote type="cite">b</blockquote><p>Non</p>', "Oui\n\nNon", id="Apple Mail, between"),
        pytest.param('<blockquote style="margin:0 0 0 40px;border:none;padding:0px">indenté</blockquote>', "indenté", id="indented only"),
    ],
)  # fmt: skip
def test_answers_in_html_survive(html: str, new: str) -> None:
    assert split("", html).text == new


def test_html_that_shows_nothing_leaves_the_text() -> None:
    assert split("Bonjour", "<div></div>") == Reply("Bonjour")


def test_a_plain_text_of_its_own_is_read_by_the_text_rules() -> None:
    html = '<p>Bonjour en HTML</p><div class="gmail_quote">ancien</div>'
    assert split("Bonjour\n\n> ancien", html) == Reply("Bonjour", "> ancien")


def test_an_outlook_mail_from_its_bytes() -> None:
    mail = parse((MAILS / "outlook-fr.eml").read_bytes())
    reply = split(mail.text, mail.html)
    assert reply.text == "Bonjour Sébastien,\nLe badge n’est pas arrivé."
    assert reply.rest.startswith("De\u00a0: Support FRAM")
    assert reply.rest.endswith("Avez-vous reçu le badge ?")


def shown(*texts: str) -> Counter[str]:
    return Counter(line for text in texts for line in text.split("\n") if line.strip())


LINES = st.lists(
    st.sampled_from(
        [
            *("", " ", "\u00a0", "Bonjour", "> cité", ">", "> > deux fois", ">From x", "-- ", "--"),
            *("De : a@x.example", "Envoyé : lundi 3 août 2026", "À : b", "Objet : c", "From: d"),
            *("Le lun. 3 août 2026 à 10:12, X <x@y.example", "> a écrit :", "a écrit :", "wrote:"),
            *("On Mon, 3 Aug 2026 X wrote:", "Envoyé de mon iPhone", REFERENCE, "_" * 40, "-----"),
            *("-----Message d'origine-----", "agents mailing list", "#note", "2026 x@y.example"),
            *("Cordialement,", "Ana Roy", "Ana", "*", "Tél. 05 61 00 00 00", "Ana Roy <", "> "),
        ]
    ),
    max_size=30,
)


@given(
    st.one_of(LINES.map("\n".join), st.text()),
    st.sampled_from(["", "Ana", "Ana Roy", "ana@x.example", "@", "*", " "]),
)
def test_nothing_visible_is_lost(text: str, sender: str) -> None:
    reply = split(text, sender=sender)
    assert set(reply.signature.split("\n")) <= {*reply.rest.split("\n"), ""}
    assert shown(reply.text, reply.rest) == shown(text)


@given(st.lists(st.sampled_from(["<div>", "</div>", "<blockquote type=cite>", "<blockquote>", "</blockquote>", "<div class=gmail_quote>", "<p>", "a", "b ", "<br>", "<hr id=stopSpelling>", "<", ">", "&lt;", "<a '", '"', "<pre>", "\n", "<!--", "-->", "<style>"]), max_size=40))  # fmt: skip
def test_any_tags(pieces: list[str]) -> None:
    html = "".join(pieces)
    reply = split("", html)
    again = parse(b"Content-Type: text/html; charset=utf-8\n\n" + html.encode()).text
    assert shown(reply.text, reply.rest) == shown(again)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("\n", id="newlines"),
        pytest.param(">", id="quote marks"),
        pytest.param(">\n", id="quoted lines"),
        pytest.param("On ", id="On"),
        pytest.param("On \n", id="On on each line"),
        pytest.param(" ", id="blanks"),
        pytest.param("De : x\n", id="labels"),
        pytest.param(f"From: {'x ' * 100_000}\n", id="long labels"),
        pytest.param("Le 3 août 2026 à 10:12 <x@y\n", id="half attributions"),
        pytest.param("Ana <\n", id="half names"),
        pytest.param("x   On 3 Aug 2026 <", id="half Yahoo attributions"),
        pytest.param("-----", id="dashes"),
        pytest.param("-----\n", id="rules"),
        pytest.param("Cordialement,\n", id="closings"),
        pytest.param("> x\nCordialement,\n", id="closings between quotes"),
        pytest.param("This message is\n\n", id="half disclaimers"),
        pytest.param("Sent from my iPhone\n", id="phones"),
    ],
)
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    reply = split(text, sender="Ana Roy")
    assert time.process_time() - began < 2
    assert shown(reply.text, reply.rest) == shown(text)


@pytest.mark.parametrize(
    "piece",
    [
        *("<div>", "<blockquote>", "<b id=x>", "<div class=gmail_quote>", "<", "<hr>", "<p>x"),
        *("<a '", "<!--", "<table><tr><td>", "<blockquote type=cite>x</blockquote>Regards<br>"),
    ],
)
def test_hostile_html_takes_no_time(piece: str) -> None:
    html = piece * (900_000 // len(piece))
    began = time.process_time()
    split("", html, "Ana Roy")
    assert time.process_time() - began < 2
    html = piece * 20_000 + "fin"
    assert "fin" in split("", html).text + split("", html).rest
