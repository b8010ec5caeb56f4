"""Internal stays internal: no quote, file, subject, log or keyword takes it out."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from datetime import timedelta
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from textwrap import wrap

import pytest

from mailgate.views import ticket_json, ticket_text
from rules.model import Entry
from store import history
from store.db import Database
from tests import winmail
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, RH, SEB, TestDesk, body, reference, subject
from tests.process import mailgate
from tests.servers.smtp_sink import Mail
from tests.story import (
    EVE,
    NUMBER,
    PORTAL,
    SECRET,
    configure,
    keys,
    leaks,
    pieces,
    shows,
    squeezed,
    tell,
    told,
)

TAG = f"Re: {NUMBER} Imprimante"
DONE = "Bonjour Marie, c'est fait."


def from_agent(
    content: str | MIMEBase, *cited: Mail, sender: str = SEB, rich: bool = False
) -> bytes:
    """An answer of the agent's client to mails of ours, the nearest one last."""
    mail = MIMEText(content, "html" if rich else "plain") if isinstance(content, str) else content
    mail["From"], mail["To"], mail["Subject"] = sender, ADDRESS, TAG
    ids = [str(one.message["Message-ID"]) for one in cited]
    mail["In-Reply-To"], mail["References"] = ids[-1], " ".join(ids)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


# -- quotes of an internal note -----------------------------------------------------------------


def prefixed(mark: str) -> Callable[[str], str]:
    return lambda text: "\n".join(mark + line for line in text.splitlines())


def hungarian(text: str) -> str:
    heads = f"Feladó: FRAM <{ADDRESS}>\nElküldve: 2026. július 20.\nCímzett: Sébastien\nTárgy: Re\n"
    return f"{heads}\n{text}"


def wrapped(text: str) -> str:
    return "\n".join(part for line in text.splitlines() for part in wrap(line, 31) or [""])


def wrapped_and_marked(text: str) -> str:
    """As clients break marked lines: the rest of each stands without its mark."""
    return "\n".join(f"> {line[:40]}\n{line[40:]}" for line in text.splitlines())


QUOTES = [
    pytest.param(prefixed("> "), id="marked"),
    pytest.param(prefixed(">"), id="marked without a blank"),
    pytest.param(prefixed("\t"), id="tabs"),
    pytest.param(prefixed("    "), id="blanks"),
    pytest.param(prefixed("| "), id="bars"),
    pytest.param(prefixed("NW> "), id="initials"),
    pytest.param(hungarian, id="Outlook in Hungarian"),
    pytest.param(str, id="bare"),
    pytest.param(wrapped, id="wrapped anew"),
    pytest.param(wrapped_and_marked, id="marked lines wrapped anew"),
]


KEYWORDS = [
    pytest.param("#note", True, id="note"),
    pytest.param("#note\n#résolu", True, id="note and state"),
    pytest.param("#résolu", False, id="state: the words stay inside"),
    pytest.param(f"#réponse {EVE}", True, id="reply"),
    pytest.param(f"#transfert {RH}", True, id="transfer"),
]


@pytest.mark.parametrize(("keyword", "public"), KEYWORDS)
def test_a_keyword_does_not_take_the_quote_out(desk: TestDesk, keyword: str, public: bool) -> None:
    story = tell(desk)
    text = f"{keyword}\n{DONE}\n\n{body(story.internal)}"
    desk.deliver(from_agent(text, story.internal))
    mails = desk.once()
    assert (squeezed(DONE) in shows(mails[0])) == public
    assert leaks(desk, mails) == []


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quote_of_an_internal_note_stays_inside(
    desk: TestDesk, quote: Callable[[str], str]
) -> None:
    story = tell(desk)
    quoted = quote(body(story.internal))
    desk.deliver(from_agent(f"#note\n{DONE}\n\n{quoted}", story.internal))
    (mail,) = desk.once()
    assert told([mail]) == [(MARIE, "Note/Réponse")]
    assert DONE in body(mail)
    assert leaks(desk, [mail]) == []
    # Below the quote: what cannot be told apart from it is kept inside as a whole.
    desk.deliver(from_agent(f"#note\n{quoted}\n\n{DONE}", story.internal))
    assert leaks(desk, desk.once()) == []
    # Without a keyword the answer to an internal mail is internal.
    desk.deliver(from_agent(f"{DONE}\n\n{quoted}", story.internal))
    assert desk.once() == []


RICH = [
    pytest.param('<div style="border-left:2px solid blue;padding-left:8px">{}</div>', id="a div"),
    pytest.param('<table><tr><td style="padding-left:2em">{}</td></tr></table>', id="a table"),
    pytest.param("<blockquote>{}</blockquote>", id="a blockquote"),
    pytest.param("<p>{}</p>", id="nothing around it"),
    pytest.param("<pre>{}</pre>", id="preformatted"),
]


@pytest.mark.parametrize("source", ["text/html", "text/plain"])
@pytest.mark.parametrize("quote", RICH)
def test_a_quote_in_html_stays_inside(desk: TestDesk, quote: str, source: str) -> None:
    story = tell(desk)
    whole = body(story.internal, source)
    quoted = whole[whole.index("<body") :] if source == "text/html" else html.escape(whole)
    quoted = quoted if source == "text/html" else quoted.replace("\n", "<br>")
    text = f"<div>#note</div><div>{DONE}</div>{quote.format(quoted)}"
    desk.deliver(from_agent(text, story.internal, rich=True))
    (mail,) = desk.once()
    assert told([mail]) == [(MARIE, "Note/Réponse")]
    assert DONE in body(mail)
    assert leaks(desk, [mail]) == []


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quote_of_an_earlier_internal_note_stays_inside(
    desk: TestDesk, quote: Callable[[str], str]
) -> None:
    """He answers another mail of ours; his client names them all in References."""
    story = tell(desk)
    text = f"{DONE}\n\n{quote(body(story.internal))}"
    desk.deliver(from_agent(text, story.internal, story.sebastien))
    (mail,) = desk.once()
    assert told([mail]) == [(MARIE, "Note/Réponse")]
    assert leaks(desk, [mail]) == []


def test_nothing_but_a_quote_stays_inside(desk: TestDesk) -> None:
    story = tell(desk)
    for text in (prefixed("> ")(body(story.internal)), body(story.internal)):
        for cited in (story.internal, story.sebastien):
            desk.deliver(from_agent(f"{text}\n", story.internal, cited))
            mails = desk.once()
            assert told(mails) == [(SEB, "Anomalie")]
            assert leaks(desk, mails) == []


def test_answers_to_notices_stay_inside(desk: TestDesk) -> None:
    story = tell(desk)
    desk.sink.refuse(RH)
    desk.deliver(
        from_agent("#aidee\nx", story.sebastien),
        from_agent(f"#transfert {RH}\nEncore.", story.sebastien),
        from_agent(f"#assigner {SEB}", story.nadia, sender=NADIA),
    )
    notices = desk.once() + desk.once()
    assert sorted(told(notices)) == [(SEB, "Anomalie"), (SEB, "Anomalie"), (SEB, "Interne")]
    for notice in notices:
        desk.deliver(from_agent("Elle ne comprendra jamais.", notice))
        assert desk.once() == []
        assert desk.history()[-1].internal


# -- files --------------------------------------------------------------------------------------


def rfc822(mail: Mail) -> MIMEBase:
    return MIMEMessage(mail.message)


def file(name: str, data: bytes) -> MIMEBase:
    part = MIMEApplication(data)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def quoted(mail: Mail) -> str:
    """The words of a mail of ours and its reference, without its links."""
    return f"{body(mail).partition(PORTAL)[0]}\nRéf. {reference(mail)}\n"


def calendar(mail: Mail) -> MIMEBase:
    """A meeting that is answered with; a fold (RFC 5545 section 3.1) stands in the reference."""
    words = quoted(mail).replace("\n", "\\n").replace("mg-", "mg-\r\n ")
    part = MIMEText(f"BEGIN:VCALENDAR\r\nDESCRIPTION:{words}\r\nEND:VCALENDAR", "calendar")
    part.add_header("Content-Disposition", "attachment", filename="invitation.ics")
    return part


def packed(mail: Mail) -> bytes:
    """The same as Outlook packs it: what it says is in compressed RTF."""
    text = winmail.literal_rtf(b"{\\rtf1 " + quoted(mail).encode("ascii", "replace") + b"}")
    said = winmail.properties(winmail.prop(winmail.BINARY, 0x1009, text))
    return winmail.stream(kind="IPM.Microsoft Schedule.MtgReq", body=said)


FILES = [
    pytest.param(rfc822, id="message/rfc822"),
    pytest.param(lambda mail: file("mail.eml", mail.raw), id="eml"),
    pytest.param(lambda mail: file("MAIL.EML", mail.raw), id="EML"),
    pytest.param(lambda mail: file("mail", mail.raw), id="no extension"),
    pytest.param(lambda mail: file("mail.txt", body(mail).encode()), id="txt"),
    pytest.param(lambda mail: file("mail.txt", body(mail).encode("utf-16")), id="txt, UTF-16"),
    pytest.param(
        lambda mail: file("mail.msg", b"\xd0\xcf" + body(mail).encode("utf-16-le")), id="msg"
    ),
    pytest.param(lambda mail: file("mail.htm", body(mail, "text/html").encode()), id="htm"),
    pytest.param(
        lambda mail: file(
            "mail.mbox",
            body(mail).replace("mg-", "=\r\nmg-a").encode().replace(b"mg-a", b"mg=\r\n-"),
        ),
        id="quoted-printable",
    ),
    pytest.param(lambda mail: calendar(mail), id="a meeting"),
    pytest.param(lambda mail: file("winmail.dat", packed(mail)), id="a meeting of Outlook's"),
    pytest.param(lambda mail: file(f"{reference(mail)}.txt", b"x"), id="its name"),
    pytest.param(lambda mail: file("lien.webloc", link(mail).encode()), id="a link"),
    pytest.param(lambda mail: file("lien.txt", link(mail).encode("utf-16")), id="a link, UTF-16"),
]


def link(mail: Mail) -> str:
    words = body(mail).split()
    (found,) = {word.partition("#")[0] for word in words if word.startswith(f"{PORTAL}/t/")}
    return found


@pytest.mark.parametrize("make", FILES)
def test_a_mail_of_ours_in_a_file_stays_inside(
    desk: TestDesk, make: Callable[[Mail], MIMEBase]
) -> None:
    story = tell(desk)
    for original in (story.sebastien, story.internal):
        whole = MIMEMultipart()
        whole.attach(MIMEText(f"#note\n{DONE}"))
        whole.attach(make(original))
        whole.attach(file("plan.txt", b"le plan de l'etage"))
        desk.deliver(from_agent(whole, story.sebastien))
        (mail,) = desk.once()
        assert told([mail]) == [(MARIE, "Note/Réponse")]
        names = [part.get_filename() for part in mail.message.walk()]
        assert [name for name in names if name] == ["plan.txt"]  # other files ride along
        assert "planderetage" in shows(mail).replace("l'", "r")
        assert leaks(desk, [mail]) == []


# -- what machines and copies of a mail quote ----------------------------------------------------

HOME = "seb.perso@elsewhere.example"  # where an agent has his mails sent on to


def away(mail: Mail, sender: str) -> bytes:
    """A vacation program that writes below its words what it answers, without a mark."""
    text = f"Absent.\n\n{body(mail)}"
    return answer(mail, sender, text, Auto_Submitted="auto-replied")


def torn(mail: Mail) -> bytes:
    """A bounce with the head of what came back, up to our footer, and no header of ours."""
    head = body(mail).partition("* * *")[0]
    title = f"Undeliverable: {subject(mail)}"
    return new("postmaster@mx.x.example", title, f"Sorry.\n\n{head}", Return_Path="<>")


MACHINES = [
    pytest.param(lambda mail: away(mail, HOME), id="away, at home"),
    pytest.param(lambda mail: away(mail, SEB), id="away, himself"),
    pytest.param(torn, id="bounce, by the subject"),
]


def shown(desk: TestDesk) -> list[Entry]:
    """What the holders of the ticket's links may read."""
    with Database(desk.config.database_url).reading() as tx:
        return history.page(tx, 1898, 0, 500, public=True)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_a_machine_quotes_of_an_internal_note_stays_inside(
    desk: TestDesk, machine: Callable[[Mail], bytes]
) -> None:
    story = tell(desk)
    before = shown(desk)
    desk.deliver(machine(story.internal))
    assert leaks(desk, desk.once()) == []
    assert desk.history()[-1].automatic
    assert shown(desk) == before


def test_another_copy_of_what_stays_inside_stays_inside_with_its_files(desk: TestDesk) -> None:
    """Somebody to whom an agent passed an internal note on answers the desk, over a list too."""
    story = tell(desk)
    for footer in ("", "\n\n-- \nliste"):
        whole = MIMEMultipart()
        whole.attach(MIMEText(f"Voyez le fichier.{footer}"))
        whole.attach(file("budget.txt", b"4711"))
        whole["Message-ID"], whole["Date"] = "<one@x.example>", "Mon, 20 Jul 2026 11:00:00 +0200"
        desk.deliver(from_agent(whole, story.internal, sender=EVE))
        desk.once()
    assert [entry.author.email for entry in desk.history()[-2:] if entry.author] == [EVE, EVE]
    assert [entry for entry in shown(desk) if entry.attachments] == []


# -- others' links and references ---------------------------------------------------------------


def safelink(text: str) -> str:
    """As Microsoft's filter rewrites the links of a mail."""
    safe = "https://eur01.safelinks.protection.outlook.com/?url="
    return text.replace(
        f"{PORTAL}/t/", f"{safe}{PORTAL.replace(':', '%3A').replace('/', '%2F')}%2Ft%2F"
    )


OTHERS = [
    pytest.param(lambda text: f"Oui.\n\n{prefixed('> ')(text)}", id="marked"),
    pytest.param(lambda text: f"Oui.\n\n{text}", id="bare"),
    pytest.param(lambda text: text, id="nothing else"),
    pytest.param(lambda text: prefixed("> ")(f"{text}\nVu."), id="marked, nothing else"),
    pytest.param(lambda text: f"Oui.\n\n{text.upper()}", id="upper case"),
    pytest.param(lambda text: f"Oui.\n\n{text.replace('https:', 'http:')}", id="another scheme"),
    pytest.param(lambda text: safelink(f"Oui.\n\n{text}"), id="links rewritten"),
    pytest.param(lambda text: safelink(text).lower().replace("%2f", "%2F"), id="rewritten, all"),
    pytest.param(lambda text: f"Oui.\n\n{text.replace('https://', '')}", id="no scheme"),
    pytest.param(lambda text: f"Oui.\n\n{text.replace('https:', '<https:')}>", id="in brackets"),
]


@pytest.mark.parametrize("quote", OTHERS)
def test_a_third_partys_quote_does_not_hand_out_their_link(
    desk: TestDesk, quote: Callable[[str], str]
) -> None:
    story = tell(desk)
    assert squeezed(link(story.rh)) in shows(story.rh)
    desk.deliver(from_agent(quote(body(story.rh)), story.rh, sender=RH))
    mails = desk.once()
    assert told(mails) == [(MARIE, "Note"), (SEB, "Note")]
    theirs = [squeezed(key) for key, whose in keys(desk) if whose == RH]
    assert [key for key in theirs for mail in mails if key in shows(mail)] == []
    assert leaks(desk, mails) == []


# -- subjects -----------------------------------------------------------------------------------


def test_a_subject_takes_nothing_out(desk: TestDesk) -> None:
    story = tell(desk)
    secret = SECRET.splitlines()[0]
    desk.deliver(
        new(
            SEB,
            f"Re: {NUMBER} {secret}",
            DONE,
            In_Reply_To=f"{story.sebastien.message['Message-ID']}",
        )
    )
    mails = desk.once()
    assert told(mails) == [(MARIE, "Note/Réponse")]
    assert leaks(desk, mails) == []
    stranger = f"Voir {reference(story.rh)} et {link(story.rh)}"
    desk.deliver(new(MARIE, stranger, "Bonjour."))
    mails = desk.once()
    assert [reader for reader, _ in told(mails)] == [MARIE, SEB, NADIA]
    assert leaks(desk, mails) == []
    assert "[…]" in subject(mails[0])


# -- the agent's keyword --------------------------------------------------------------------------

INTERNAL = [
    pytest.param("#interne\n#attente", "waiting", [(MARIE, "Note")], id="waiting"),
    pytest.param("#attente\n#interne", "waiting", [(MARIE, "Note")], id="waiting first"),
    pytest.param("#interne\n#résolu", "resolved", [(MARIE, "Résolu")], id="resolved"),
    pytest.param("#interne\n#clôturé", "closed", [(MARIE, "Résolu/Clôturé")], id="closed"),
    pytest.param("#interne", "open", [], id="alone"),
    pytest.param("#Interne.", "open", [], id="as a sentence"),
    pytest.param("**#interne**", "open", [], id="bold"),
    pytest.param("\u200b#\u00a0INTERNE", "open", [], id="with blanks that nobody sees"),
    pytest.param("#interne\n#prendre", "open", [], id="owner"),
    pytest.param(f"#interne\n#transfert {RH}", "open", [(SEB, "Anomalie")], id="transfer"),
    pytest.param(f"#interne\n#réponse {EVE}", "open", [(SEB, "Anomalie")], id="reply"),
    pytest.param("#interne\n#note", "open", [(SEB, "Anomalie")], id="note"),
    pytest.param("#interna\n#attente", "open", [(SEB, "Anomalie")], id="a slip"),
]


@pytest.mark.parametrize("fold", [True, False], ids=["fold", "no fold"])
@pytest.mark.parametrize(("keywords", "state", "expected"), INTERNAL)
def test_internal_never_goes_outside(
    desk: TestDesk, keywords: str, state: str, expected: list[tuple[str, str]], fold: bool
) -> None:
    story = tell(desk, "open")
    if not fold:
        configure(desk, without_fold(desk))
    words = "Il faudra lui facturer une nouvelle imprimante."
    desk.deliver(from_agent(f"{keywords}\n{words}", story.sebastien))
    mails = desk.once()
    assert told(mails) == expected
    assert leaks(desk, mails, f"{SECRET}\n{words}") == []
    assert desk.tickets()[0].state == state
    assert [entry.internal for entry in desk.history() if words in entry.text] == [True]


def test_a_reminder_reminds_of_public_words(desk: TestDesk) -> None:
    story = tell(desk, "open")
    words = "Il faudra lui facturer une nouvelle imprimante."
    desk.deliver(from_agent(f"#interne\n#attente\n{words}", story.sebastien))
    assert told(desk.once()) == [(MARIE, "Note")]
    for hours, tag in ((49, "Attente réponse"), (80, "Clôturé sans réponse")):
        mails = desk.once(timedelta(hours=hours))
        assert told(mails) == [(MARIE, tag)]
        assert leaks(desk, mails, f"{SECRET}\n{words}") == []


def without_fold(desk: TestDesk) -> str:
    """The [[notify]] table of this desk, its states without the words that led to them."""
    rows = []
    for row in desk.config.policy.notify:
        to = ", ".join(f'"{one}"' for one in row.to)
        state = f'state = "{row.state}"\n' if row.state else ""
        rows.append(
            f'[[notify]]\non = "{row.on}"\nby = "{row.by}"\nto = [{to}]\ntag = "{row.tag}"\n'
        )
        rows.append(state)
    return "".join(rows)


# -- machines that carry it back ------------------------------------------------------------------


def delayed(mail: Mail, reader: str) -> bytes:
    """A server's report that a mail of ours still waits, with its text, as exim words it."""
    parts = (
        ("text/plain; charset=utf-8", f"Your message to {reader} waits. Its text:\n\n{body(mail)}"),
        ("message/delivery-status", f"Final-Recipient: rfc822; {reader}\nAction: delayed\n"),
        ("text/rfc822-headers", f"Message-ID: {mail.message['Message-ID']}\n"),
    )
    lines = [
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>",
        f"To: {ADDRESS}",
        "Return-Path: <>",
        "Subject: Warning: message delayed 24 hours",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        *(f"--b\nContent-Type: {kind}\n\n{text}" for kind, text in parts),
        "--b--",
    ]
    return "\n".join(lines).encode()


@pytest.mark.parametrize("machine", [delayed, away])
def test_what_a_machine_says_of_an_internal_mail_is_for_agents(
    desk: TestDesk, machine: Callable[[Mail, str], bytes]
) -> None:
    story = tell(desk)
    before = len(desk.history())
    desk.deliver(machine(story.internal, SEB))
    assert leaks(desk, desk.once()) == []
    assert [entry.internal for entry in desk.history()[before:]] == [True]


# -- where an admin looks -------------------------------------------------------------------------


def test_ticket_show_marks_what_is_internal(desk: TestDesk) -> None:
    tell(desk)
    entries: list[Entry] = desk.history()
    internal = [entry for entry in entries if entry.internal]
    assert [entry.text for entry in internal] == [SECRET]
    shown = ticket_text(desk.tickets()[0], entries, desk.config.policy, "Europe/Paris")
    heads = [line for line in shown.splitlines() if line.startswith("20")]
    marked = [head for head in heads if "internal" in head]
    assert len(marked) == 1
    assert "Nadia" in marked[0]
    assert ticket_json(desk.tickets()[0], entries).count('"internal": true') == 1


def test_logs_hold_nothing_of_anybody(desk: TestDesk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("mailgate", "store", "rules"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        story = tell(desk)
        desk.sink.refuse(RH)
        desk.deliver(
            from_agent(f"#transfert {RH}\n{SECRET}", story.sebastien),
            from_agent(f"#resolvé\n{SECRET}", story.sebastien),
            new(SEB, TAG, SECRET),
            new(MARIE, TAG, SECRET, message_id="none"),
            b"\xff\xfe\x00From: x\r\n\r\n" + SECRET.encode(),
        )
        desk.once()
    logged = [
        record.getMessage() + (record.exc_text or "")
        for record in caplog.records
        if record.name.split(".")[0] in ("mailgate", "store", "rules")
    ]
    assert logged
    assert found_in("\n".join(logged), desk) == []


def test_a_process_says_nothing_of_anybody(desk: TestDesk) -> None:
    story = tell(desk)
    desk.deliver(
        from_agent(f"#interne\n{SECRET}", story.sebastien), new(SEB, TAG, SECRET), b"\0\xff"
    )
    done = mailgate("run", "--once", "--config", str(desk.path))
    assert done.returncode == 0
    said = done.stdout + done.stderr
    assert found_in(said, desk) == []


def found_in(said: str, desk: TestDesk) -> list[str]:
    """What stands in a log and must not."""
    wanted = [squeezed(key) for key, _ in keys(desk)]
    wanted += [*pieces(SECRET), "secret"]
    return [one for one in wanted if one in squeezed(said)]
