"""Who wrote: a person, or a program."""

# ruff: noqa: E501 (a case is one line)

from pathlib import Path

import pytest

from mailgate.parse import parse
from rules.automatic import verdict
from rules.model import Address, Kind, Mail

MAILS = Path(__file__).parent.parent / "mails"


def mail(
    headers: dict[str, str],
    subject: str = "Badge",
    sender: str = "marie@x.example",
    answer: bool = False,
    text: str = "Bonjour",
) -> Mail:
    return Mail(
        message_id="1@x.example",
        sender=Address(sender) if sender else None,
        senders=(Address(sender),) if sender else (),
        to=(),
        cc=(),
        reply_to=(),
        subject=subject,
        date=None,
        in_reply_to=("mg-x@fram.example",) if answer else (),
        references=(),
        text=text,
        html="",
        attachments=(),
        headers={name: (value,) for name, value in headers.items()},
        body_digest="",
    )


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"auto-submitted": "no"}, None, id="Auto-Submitted: no"),
        pytest.param({"auto-submitted": "No (a person)"}, None, id="Auto-Submitted: no, with a comment"),
        pytest.param({"auto-submitted": "auto-replied"}, Kind.AUTO_REPLY, id="auto-replied"),
        pytest.param({"auto-submitted": "Auto-Replied; owner-email=x"}, Kind.AUTO_REPLY, id="auto-replied, parameters"),
        pytest.param({"auto-submitted": "auto-generated"}, Kind.GENERATED, id="auto-generated"),
        pytest.param({"auto-submitted": "auto-notified"}, Kind.GENERATED, id="auto-notified"),
        pytest.param({"x-auto-response-suppress": "All"}, None, id="X-Auto-Response-Suppress is a wish"),
        pytest.param({"x-autoreply": "yes"}, Kind.AUTO_REPLY, id="X-Autoreply"),
        pytest.param({"x-autoreply": "no"}, None, id="X-Autoreply: no"),
        pytest.param({"x-autorespond": "Absence"}, Kind.AUTO_REPLY, id="X-Autorespond"),
        pytest.param({"precedence": "auto_reply"}, Kind.AUTO_REPLY, id="Precedence: auto_reply"),
        pytest.param({"precedence": "Bulk"}, Kind.GENERATED, id="Precedence: bulk"),
        pytest.param({"precedence": "junk"}, Kind.GENERATED, id="Precedence: junk"),
        pytest.param({"precedence": "list"}, Kind.LIST, id="Precedence: list"),
        pytest.param({"precedence": "normal"}, None, id="Precedence: normal"),
        pytest.param({"list-id": "<agents.fram.example>"}, Kind.LIST, id="List-Id"),
        pytest.param({"list-unsubscribe": "<mailto:x@y.example>"}, None, id="List-Unsubscribe alone"),
        pytest.param({"return-path": "<>"}, Kind.AUTO_REPLY, id="null Return-Path"),
        pytest.param({"return-path": " < > "}, Kind.AUTO_REPLY, id="null Return-Path, blanks"),
        pytest.param({"return-path": "<marie@x.example>"}, None, id="Return-Path"),
        pytest.param({"x-failed-recipients": "rh@x.example"}, Kind.BOUNCE, id="X-Failed-Recipients"),
        pytest.param({"content-type": "multipart/report; report-type=delivery-status; boundary=b"}, Kind.BOUNCE, id="delivery status"),
        pytest.param({"content-type": 'Multipart/Report; Report-Type="delivery-status"'}, Kind.BOUNCE, id="delivery status, quoted"),
        pytest.param({"content-type": "multipart/report; report-type=disposition-notification"}, Kind.AUTO_REPLY, id="read receipt"),
        pytest.param({"content-type": "multipart/report; report-type=feedback-report"}, Kind.GENERATED, id="complaint"),
        pytest.param({"content-type": "multipart/report; boundary=b"}, Kind.BOUNCE, id="report without its type"),
        pytest.param({"content-type": "text/plain; charset=utf-8"}, None, id="text"),
        pytest.param({"content-type": "multipart/report; report-type=delivery-status", "auto-submitted": "auto-replied"}, Kind.BOUNCE, id="bounces are marked auto-replied too"),
        pytest.param({"precedence": "bulk", "x-autoreply": "yes"}, Kind.AUTO_REPLY, id="vacation programs write bulk too"),
        pytest.param({"auto-submitted": "auto-generated", "list-id": "<x>"}, Kind.GENERATED, id="a machine on a list"),
    ],
)  # fmt: skip
def test_headers(headers: dict[str, str], kind: Kind | None) -> None:
    found = verdict(mail(headers))
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("subject", "headers", "answer", "kind"),
    [
        pytest.param("Réponse automatique : Badge", {}, False, None, id="a subject alone proves nothing"),
        pytest.param("Réponse automatique : Badge", {}, True, Kind.AUTO_REPLY, id="and an answer"),
        pytest.param("Automatic reply: Badge", {"x-auto-response-suppress": "All"}, False, Kind.AUTO_REPLY, id="and a wish"),
        pytest.param("Absence du bureau", {"precedence": "bulk"}, False, Kind.AUTO_REPLY, id="and Precedence: bulk"),
        pytest.param("Out of Office: Badge", {"auto-submitted": "auto-generated"}, False, Kind.AUTO_REPLY, id="and auto-generated"),
        pytest.param("[EXT] Out of Office", {}, True, Kind.AUTO_REPLY, id="tagged by a gateway"),
        pytest.param("Message d’absence", {}, True, Kind.AUTO_REPLY, id="curly apostrophe"),
        pytest.param("Re: Automatic reply: Badge", {}, True, None, id="a person answers the absence note"),
        pytest.param("Panne de la réponse automatique", {}, True, None, id="a person writes about it"),
        pytest.param("Undelivered Mail Returned to Sender", {}, False, None, id="a failure told by a person"),
    ],
)  # fmt: skip
def test_subjects_are_support(
    subject: str, headers: dict[str, str], answer: bool, kind: Kind | None
) -> None:
    found = verdict(mail(headers, subject, answer=answer))
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("sender", "subject", "headers", "kind"),
    [
        pytest.param("mailer-daemon@x.example", "x", {}, Kind.BOUNCE, id="MAILER-DAEMON"),
        pytest.param("", "x", {"from": "MAILER-DAEMON (Mail Delivery)"}, Kind.BOUNCE, id="MAILER-DAEMON without a domain"),
        pytest.param("postmaster@x.example", "Non remis : Badge", {}, Kind.BOUNCE, id="postmaster and a failure"),
        pytest.param("postmaster@x.example", "Votre question", {}, None, id="a postmaster writes"),
        pytest.param("postmaster@x.example", "x", {"return-path": "<>"}, Kind.BOUNCE, id="postmaster, null path"),
        pytest.param("marie@x.example", "Échec de la remise", {"return-path": "<>"}, Kind.BOUNCE, id="null path and a failure"),
        pytest.param("", "Delivery Status Notification (Failure)", {}, Kind.BOUNCE, id="nobody and a failure"),
        pytest.param("", "Badge", {}, None, id="nobody"),
    ],
)  # fmt: skip
def test_mail_servers(
    sender: str, subject: str, headers: dict[str, str], kind: Kind | None
) -> None:
    found = verdict(mail(headers, subject, sender))
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        pytest.param("Re: Badge", "Ceci est une réponse automatique.\nJe suis absent.", Kind.AUTO_REPLY, id="fr, says so itself"),
        pytest.param("Re: Badge", "This is an automated response.", Kind.AUTO_REPLY, id="en, says so itself"),
        pytest.param("Re: Badge", "Dies ist eine automatische Antwort.", Kind.AUTO_REPLY, id="de, says so itself"),
        pytest.param("Re: Badge", "Esta es una respuesta automática.", Kind.AUTO_REPLY, id="es, says so itself"),
        pytest.param("Re: Badge", "Questa è una risposta automatica.", Kind.AUTO_REPLY, id="it, says so itself"),
        pytest.param("Re: Badge", "Dit is een automatisch antwoord.", Kind.AUTO_REPLY, id="nl, says so itself"),
        pytest.param("Re: Badge", "Esta é uma resposta automática.", Kind.AUTO_REPLY, id="pt, says so itself"),
        pytest.param("Re: Badge", "To jest automatyczna odpowiedź.", Kind.AUTO_REPLY, id="pl, says so itself"),
        pytest.param("Absence du bureau", "Je suis en congés jusqu'au 3 août.", Kind.AUTO_REPLY, id="fr, subject and text"),
        pytest.param("Abwesenheitsnotiz: Badge", "Ich bin im Urlaub.", Kind.AUTO_REPLY, id="de, subject and text"),
        pytest.param("Respuesta automática: Badge", "Estoy de vacaciones.", Kind.AUTO_REPLY, id="es, subject and text"),
        pytest.param("Poza biurem", "Jestem na urlopie.", Kind.AUTO_REPLY, id="pl, subject and text"),
        pytest.param("Re: Badge", "Je suis en congés jusqu'au 3 août.", None, id="a person is away"),
        pytest.param("Re: Badge", "J'ai reçu : ceci est une réponse automatique.", None, id="a person tells of one"),
        pytest.param("Re: Badge", "Regardez.\n> Ceci est une réponse automatique.", None, id="a quote"),
        pytest.param("Re: Badge", "Regardez.\n-----Message d'origine-----\nCeci est une réponse automatique.", None, id="below a border"),
        pytest.param("TR: Réponse automatique", "Je suis absent.", None, id="passed on"),
        pytest.param("Re: Badge", "#note\nCeci est une réponse automatique.", None, id="a keyword above it"),
        pytest.param("Undelivered Mail", "Your message could not be delivered to a@x.", Kind.BOUNCE, id="en, a failure"),
        pytest.param("Non remis", "Votre message n'a pas pu être remis.", Kind.BOUNCE, id="fr, a failure"),
        pytest.param("Unzustellbar", "Die Nachricht konnte nicht zugestellt werden.", Kind.BOUNCE, id="de, a failure"),
        pytest.param("Non remis", "Bonjour, mon mail n'a pas pu être remis.", None, id="a failure, with a greeting"),
        pytest.param("Re: Badge", "Your message is held: this account is protected. Click here to confirm.", Kind.AUTO_REPLY, id="en, a challenge"),
        pytest.param("Re: Badge", "Votre message attend : cliquez ici pour entrer dans la liste blanche.", Kind.AUTO_REPLY, id="fr, a challenge"),
        pytest.param("Re: Badge", "Votre message parle d'une liste blanche.", None, id="fr, half a challenge"),
    ],
)  # fmt: skip
def test_what_subject_and_text_show(subject: str, text: str, kind: Kind | None) -> None:
    found = verdict(mail({}, subject, text=text))
    assert (found.kind if found else None) == kind
    assert found is None or not found.sure


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"x-autogenerated": "Reply"}, Kind.AUTO_REPLY),
        ({"x-autogenerated": "Mirror"}, None),
        ({"x-bluebottle-request": "<1>"}, Kind.AUTO_REPLY),
    ],
)
def test_programs_own_headers(headers: dict[str, str], kind: Kind | None) -> None:
    found = verdict(mail(headers))
    assert (found.kind if found else None) == kind
    assert found is None or found.sure


def test_a_reason_names_header_and_value() -> None:
    found = verdict(mail({"auto-submitted": "auto-replied (vacation)\r\n x" + "y" * 200}))
    assert found is not None
    assert found.reason.startswith("Auto-Submitted: auto-replied (vacation) xyyy")
    assert found.reason.endswith("… says that a program answered.")
    assert "\n" not in found.reason
    assert len(found.reason) < 140


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("bounce-postfix.eml", Kind.BOUNCE, id="bounce"),
        pytest.param("outlook-fr.eml", None, id="answer"),
        pytest.param("forwarded-message.eml", None, id="forwarded"),
    ],
)
def test_whole_mails(name: str, kind: Kind | None) -> None:
    found = verdict(parse((MAILS / name).read_bytes()))
    assert (found.kind if found else None) == kind
