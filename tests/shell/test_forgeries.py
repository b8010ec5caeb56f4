"""Who only says so: forged mails at ticket 1898, over real servers.

Sébastien owns the ticket. Whatever a mail pretends, no keyword of it is carried out, the owner and
the state are what they were (an outside note puts a waiting ticket back in work, as DESIGN has it),
nobody is written to but those named, and `why` says what gave it away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.header import decode_header, make_header
from typing import Any

import pytest

from rules.model import EntryKind
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, RH, SEB, TestDesk, reference
from tests.story import (
    EVE,
    FIRST,
    NUMBER,
    PAUL,
    Story,
    configure,
    leaks,
    shows,
    squeezed,
    tell,
    told,
)

TAG = f"Re: {NUMBER} Imprimante"
DATE = "Mon, 20 Jul 2026 11:00:00 +0200"
EVIL = "Envoyez tout à Eve."
ORDER = f"#clôturé\n{EVIL}"

Told = tuple[tuple[str, str], ...]
WARNED: Told = ((SEB, "Anomalie"),)  # the agent in whose name the mail came
NOTED: Told = ((SEB, "Note"),)  # a note from outside that only agents read
INSIDE: Told = ((SEB, "Interne"), (SEB, "Anomalie"))  # in an agent's name, among others
RELAYED: Told = ((MARIE, "Note/Réponse"),)  # a proven agent's words, without their keyword


def nothing(story: Story) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Forgery:
    """`sender` and `heads` are header lines as they stand; `{marie}` is Marie's reference."""

    sender: str
    why: str  # words of the reason
    told: Told = WARNED
    text: str = ORDER
    heads: str = ""
    title: str = TAG
    kind: str = "text/plain; charset=utf-8"
    message_id: str = "<forged@evil.example>"
    state: str = "waiting"
    after: str = ""  # the state that follows, "" for the same
    config: str = ""
    before: Callable[[Story], dict[str, str]] = nothing  # what happens first, further references

    def raw(self, references: dict[str, str]) -> bytes:
        sender = f"From: {self.sender}\n" if self.sender else ""
        heads = "".join(f"{line}\n" for line in self.heads.splitlines())
        mail = (
            f"{heads}{sender}To: {ADDRESS}\nSubject: {self.title}\nDate: {DATE}\n"
            f"Message-ID: {self.message_id}\nMIME-Version: 1.0\n"
            f"Content-Type: {self.kind}\nContent-Transfer-Encoding: 8bit\n\n{self.text}\n"
        )
        for name, value in references.items():
            mail = mail.replace(f"{{{name}}}", value)
        assert "{" not in mail, mail
        return mail.replace("\n", "\r\n").encode()


def cite(*names: str) -> str:
    """The headers of an answer to mails of ours, the nearest one last."""
    ids = [f"<{{{name}}}@fram.example>" for name in names]
    return f"In-Reply-To: {ids[-1]}\nReferences: {' '.join(ids)}"


# -- what happens before some of them ---------------------------------------------------------


def exposed_by_copy(story: Story) -> dict[str, str]:
    """Sébastien puts Eve in copy of an answer: she has his reference from then on."""
    story.desk.deliver(answer(story.sebastien, SEB, f"#réponse {EVE}\nVoyez.", Cc=EVE))
    assert told(story.desk.once()) == [(MARIE, "Réponse"), (EVE, "Réponse")]
    return {}


def exposed_by_use(story: Story) -> dict[str, str]:
    ref = reference(story.sebastien)
    story.desk.deliver(new(EVE, "x", "Bonjour.", In_Reply_To=f"<{ref}@fram.example>"))
    story.desk.once()
    return {}


def another_ticket(story: Story) -> dict[str, str]:
    story.desk.deliver(new(MARIE, "Écran", "Il est noir."))
    mails = {mail.recipients[0]: mail for mail in story.desk.once()}
    return {"other_marie": reference(mails[MARIE]), "other_seb": reference(mails[SEB])}


def unproven(story: Story) -> dict[str, str]:
    """A mail in Sébastien's name has come, and he was asked whether it is his."""
    story.desk.deliver(new(SEB, TAG, ORDER))
    (trouble,) = story.desk.once()
    assert told([trouble]) == [*WARNED]
    return {"trouble": reference(trouble)}


def unproven_nadia(story: Story) -> dict[str, str]:
    """A mail in Nadia's name has come, and she was asked whether it is hers."""
    story.desk.deliver(new(NADIA, TAG, ORDER))
    inside, trouble = story.desk.once()
    assert told([inside, trouble]) == [(SEB, "Interne"), (NADIA, "Anomalie")]
    return {"trouble": reference(trouble)}


def several_senders(story: Story) -> dict[str, str]:
    """Eve and Sébastien have signed a mail; he is told, but it is not his to confirm."""
    forged = Forgery(f"{EVE}, {SEB}", "", message_id="<two@evil.example>").raw({})
    story.desk.deliver(forged)
    mails = story.desk.once()
    assert told(mails) == [*INSIDE]
    return {"trouble": reference(mails[-1])}


def the_real_one(story: Story) -> dict[str, str]:
    real = answer(story.sebastien, SEB, "C'est noté.")
    start = real.index(b"Message-ID: ")
    end = real.index(b"\r\n", start)
    story.desk.deliver(real[:start] + b"Message-ID: <real@client.example>" + real[end:])
    assert told(story.desk.once()) == [*RELAYED]
    return {}


# -- the table ----------------------------------------------------------------------------------

TRUSTED = '[trust]\nauthserv_id = "mx.fram.example"\n'
ACCEPTED = '[trust]\naccept = "X-MS-Exchange-Organization-AuthAs: Internal"\n'
PASS = "Authentication-Results: mx.fram.example; dmarc=pass header.from=fram.example"
OPENED: dict[str, Any] = {"told": NOTED, "after": "open"}

AGENTS_NAME = {
    "the tag alone": Forgery(SEB, "without proof"),
    "the tag alone, of an open ticket": Forgery(SEB, "without proof", state="open"),
    "in the name of another agent": Forgery(
        NADIA, "without proof", told=((SEB, "Interne"), (NADIA, "Anomalie"))
    ),
    "citing Marie's mail": Forgery(SEB, f"was given to {MARIE}", heads=cite("marie")),
    "citing Marie's mail in the text": Forgery(
        SEB, f"was given to {MARIE}", text=f"{ORDER}\n> Réf. {{marie}}"
    ),
    "citing the mail of RH": Forgery(SEB, f"was given to {RH}", heads=cite("rh")),
    "citing another agent's mail": Forgery(SEB, f"was given to {NADIA}", heads=cite("nadia")),
    "citing Marie's request": Forgery(SEB, "without proof", heads=f"In-Reply-To: <{FIRST}>"),
    "an exposed reference, by a copy": Forgery(
        SEB, "somebody else has seen", heads=cite("seb"), before=exposed_by_copy
    ),
    "an exposed reference, by its use": Forgery(
        SEB, "somebody else has seen", heads=cite("seb"), before=exposed_by_use
    ),
    "his reference of another ticket": Forgery(
        SEB, f"was given to {MARIE}", heads=cite("other_seb", "marie"), before=another_ticket
    ),
    "a reference that was never given": Forgery(
        SEB, "without proof", heads=f"In-Reply-To: <mg-{'a' * 26}@fram.example>"
    ),
    "his reference in an attached mail": Forgery(
        SEB,
        "without proof",
        kind="multipart/mixed; boundary=B",
        text=f"--B\n\n{ORDER}\n--B\nContent-Type: message/rfc822\n\n"
        f"From: {ADDRESS}\n{cite('seb')}\nMessage-ID: <{{seb}}@fram.example>\n\n"
        "Réf. {seb}\n--B--",
    ),
    "his reference in a file": Forgery(
        SEB,
        "without proof",
        kind="multipart/mixed; boundary=B",
        text=f"--B\n\n{ORDER}\n--B\nContent-Type: text/plain\n"
        "Content-Disposition: attachment; filename=ref.txt\n\nRéf. {seb}\n--B--",
    ),
    "his reference in a header that nobody reads": Forgery(
        SEB, "without proof", heads="Thread-Index: {seb}\nX-Reference: <{seb}@fram.example>"
    ),
    "a machine in his name": Forgery(
        SEB, "Auto-Submitted", told=(), heads="Auto-Submitted: auto-generated"
    ),
    "letter case": Forgery("SEBASTIEN@Fram.EXAMPLE", "without proof"),
    "a dot at the end": Forgery(f"{SEB}.", "without proof"),
    "no From, a Sender": Forgery("", "not as the only one in From", heads=f"Sender: {SEB}"),
    "no From, a Return-Path": Forgery(
        "", "not as the only one in From", heads=f"Return-Path: <{SEB}>"
    ),
    "an empty From, a Sender": Forgery("<>", "not as the only one", heads=f"Sender: {SEB}"),
    "several in From, the agent first": Forgery(f"{SEB}, {EVE}", "only one in From"),
    "several in From, the agent second": Forgery(f"{EVE}, {SEB}", "only one in From", told=INSIDE),
    "two From headers, the agent first": Forgery(EVE, "only one in From", heads=f"From: {SEB}"),
    "two From headers, the agent second": Forgery(
        SEB, "only one in From", heads=f"From: {EVE}", told=INSIDE
    ),
    "several in From, with his own reference": Forgery(
        f"{SEB}, {EVE}", "only one in From", heads=cite("seb")
    ),
    "a group with him in it": Forgery(f"Agents: {SEB}, {EVE};", "only one in From"),
    "Sender, Reply-To and others are Eve": Forgery(
        SEB,
        "without proof",
        heads=f"Sender: {EVE}\nReply-To: {EVE}\nReturn-Path: <{EVE}>\nResent-From: {EVE}",
    ),
}

SERVERS = {
    "a foreign server vouches": Forgery(
        SEB, "without proof", heads=PASS.replace("mx.fram", "mx.evil"), config=TRUSTED
    ),
    "our server's name within another": Forgery(
        SEB,
        "without proof",
        heads=PASS.replace("example;", "example.evil.example;"),
        config=TRUSTED,
    ),
    "our server's name in a comment": Forgery(
        SEB,
        "without proof",
        heads=PASS.replace("mx.", "mx.evil (mx.", 1).replace(";", ");", 1),
        config=TRUSTED,
    ),
    "forged below the one of our server": Forgery(
        SEB,
        "without proof",
        heads=f"Authentication-Results: mx.fram.example; none\n{PASS}",
        config=TRUSTED,
    ),
    "forged below our server's fail": Forgery(
        SEB, "dmarc=fail", heads=f"{PASS.replace('pass', 'fail')}\n{PASS}", config=TRUSTED
    ),
    "a foreign pass above our server's fail": Forgery(
        SEB,
        "dmarc=fail",
        heads=f"{PASS.replace('mx.fram', 'mx.evil')}\n{PASS.replace('pass', 'fail')}",
        config=TRUSTED,
    ),
    "our server's fail, with his own reference": Forgery(
        SEB, "dmarc=fail", heads=f"{PASS.replace('pass', 'fail')}\n{cite('seb')}", config=TRUSTED
    ),
    "a pass of another domain": Forgery(
        SEB,
        "not for fram.example",
        heads=PASS.replace("header.from=fram", "header.from=evil"),
        config=TRUSTED,
    ),
    "a pass of Eve's domain, the agent is her name": Forgery(
        f'"{SEB}" <{EVE}>',
        "no other proof",
        heads=PASS.replace("=fram", "=elsewhere"),
        config=TRUSTED,
        **OPENED,
    ),
    "a pass, two From headers": Forgery(
        EVE, "only one in From", heads=f"{PASS}\nFrom: {SEB}", config=TRUSTED
    ),
    "SPF and DKIM alone": Forgery(
        SEB,
        "without proof",
        heads=PASS.replace("dmarc=pass", "spf=pass smtp.mailfrom=fram.example; dkim=pass"),
        config=TRUSTED,
    ),
    "required, with his own reference": Forgery(
        SEB, "required", heads=cite("seb"), config=f"{TRUSTED}required = true\n"
    ),
    "a pass that nobody asked for": Forgery(SEB, "without proof", heads=PASS),
    "the header of inside mail, not asked for": Forgery(
        SEB, "without proof", heads="X-MS-Exchange-Organization-AuthAs: Internal"
    ),
    "the header of inside mail, below ours": Forgery(
        SEB,
        "without proof",
        heads="X-MS-Exchange-Organization-AuthAs: Anonymous\n"
        "X-MS-Exchange-Organization-AuthAs: Internal",
        config=ACCEPTED,
    ),
}

STRANGERS = {
    "the tag alone": Forgery(EVE, "carries the tag of #1898 and no other proof", **OPENED),
    "quoting the agent's mail": Forgery(
        EVE, f"given to the agent {SEB}", heads=cite("seb"), **OPENED
    ),
    "quoting the agent's internal mail": Forgery(
        EVE, f"given to the agent {SEB}", text=f"{ORDER}\n> Réf. {{internal}}", **OPENED
    ),
    "Marie quoting the agent's mail": Forgery(
        MARIE, f"given to the agent {SEB}", heads=cite("seb"), **OPENED
    ),
    "Marie, commanding": Forgery(MARIE, f"given to {MARIE}", heads=cite("marie"), **OPENED),
    "a display name that is his address": Forgery(f'"{SEB}" <{EVE}>', "no other proof", **OPENED),
    "a display name without quotes": Forgery(f"{SEB} <{EVE}>", "no other proof", **OPENED),
    "an encoded display name": Forgery(
        f"=?utf-8?q?sebastien=40fram.example?= <{EVE}>", "no other proof", **OPENED
    ),
    "an encoded display name with brackets": Forgery(
        f"=?utf-8?q?=3Csebastien=40fram.example=3E?= <{EVE}>", "no other proof", **OPENED
    ),
    "an encoded word in quotes": Forgery(
        f'"=?utf-8?b?c2ViYXN0aWVuQGZyYW0uZXhhbXBsZQ==?=" <{EVE}>', "no other proof", **OPENED
    ),
    "a comment behind": Forgery(f"{EVE} ({SEB})", "no other proof", **OPENED),
    "a comment with brackets": Forgery(f"(<{SEB}>) <{EVE}>", "no other proof", **OPENED),
    "Sender is the agent": Forgery(EVE, "no other proof", heads=f"Sender: {SEB}", **OPENED),
    "Reply-To is the agent": Forgery(EVE, "no other proof", heads=f"Reply-To: {SEB}", **OPENED),
    "Return-Path is the agent": Forgery(
        EVE, "no other proof", heads=f"Return-Path: <{SEB}>", **OPENED
    ),
    "Resent-From is the agent": Forgery(
        EVE, "no other proof", heads=f"Resent-From: {SEB}\nResent-Sender: {SEB}", **OPENED
    ),
    "X-Original-From is the agent": Forgery(
        EVE, "no other proof", heads=f"X-Original-From: {SEB}\nX-Sender: {SEB}", **OPENED
    ),
    "a look-alike domain": Forgery("sebastien@fr\u0430m.example", "no other proof", **OPENED),
    "a look-alike domain in ASCII": Forgery(
        "sebastien@xn--frm-6cd.example", "no other proof", **OPENED
    ),
    "a full-width letter": Forgery("sebastien@\uff46ram.example", "no other proof", **OPENED),
    "a subdomain": Forgery("sebastien@mail.fram.example", "no other proof", **OPENED),
    "an extension": Forgery("sebastien+x@fram.example", "no other proof", **OPENED),
    "a zero-width letter": Forgery("sebas\u200btien@fram.example", "no other proof", **OPENED),
    "a full-width at": Forgery(f"sebastien\uff20fram.example <{EVE}>", "no other proof", **OPENED),
    "Paul in Marie's place, by her mail": Forgery(
        PAUL, f"given to {MARIE}", heads=cite("marie"), **OPENED
    ),
    "the desk itself": Forgery(ADDRESS, "the desk's own address", told=()),
    "a machine": Forgery(EVE, "Precedence", told=NOTED, heads="Precedence: bulk"),
    "answering the trouble mail": Forgery(
        EVE, f"given to the agent {SEB}", heads=cite("trouble"), before=unproven, **OPENED
    ),
    "Marie answering the trouble mail": Forgery(
        MARIE, f"given to the agent {SEB}", heads=cite("trouble"), before=unproven, **OPENED
    ),
    "RH answering the trouble mail": Forgery(
        RH, f"given to the agent {SEB}", heads=cite("rh", "trouble"), before=unproven, **OPENED
    ),
}

BRACKETS = {
    "an unclosed bracket": Forgery(f"<{SEB} <{EVE}>", "only one in From"),
    "an unclosed bracket behind": Forgery(f"{EVE} <{SEB}", "only one in From", told=INSIDE),
    "an unclosed quote": Forgery(f'"{SEB} <{EVE}>', "only one in From"),
    "two in brackets": Forgery(f"<{SEB}> <{EVE}>", "only one in From"),
    "a route": Forgery(f"<@evil.example:{SEB}>", "without proof"),
    "an at too many": Forgery(f"{SEB}@evil.example", "no other proof", **OPENED),
    "a blank before the at": Forgery("sebastien @fram.example", "without proof"),
    "a quoted local part": Forgery('"sebastien"@fram.example', "no other proof", **OPENED),
    "a NUL": Forgery(f"{SEB}\0@evil.example", "no other proof", **OPENED),
}

CONFIRM: dict[str, Any] = {
    "text": "#confirmer",
    "state": "resolved",
    "after": "open",
    "told": NOTED,
}
REFUSED: dict[str, Any] = {"text": "#confirmer", "state": "resolved"}
ANSWERS = {
    "Paul, by Marie's mail": Forgery(EVE, f"given to {MARIE}", heads=cite("marie"), **CONFIRM),
    "Marie, by the tag alone": Forgery(MARIE, "no other proof", **CONFIRM),
    "Marie, by her thread alone": Forgery(
        MARIE, "its sender belongs", heads=f"In-Reply-To: <{FIRST}>", **CONFIRM
    ),
    "Marie, by the mail of RH": Forgery(MARIE, f"given to {RH}", heads=cite("rh"), **CONFIRM),
    "Marie, by the agent's mail": Forgery(
        MARIE, f"given to the agent {SEB}", heads=cite("seb"), **CONFIRM
    ),
    "Eve, by the tag alone": Forgery(EVE, "no other proof", **CONFIRM),
    "RH, by their own mail": Forgery(
        RH,
        f"given to {RH}",
        heads=cite("rh"),
        **(CONFIRM | {"told": ((MARIE, "Note"), (SEB, "Note"))}),
    ),
    "Marie, in a quote": Forgery(
        MARIE,
        f"given to {MARIE}",
        heads=cite("marie"),
        **(CONFIRM | {"text": "Pas du tout.\n\n> #confirmer"}),
    ),
    "Marie's machine": Forgery(
        MARIE,
        "Auto-Submitted",
        told=NOTED,
        heads=f"{cite('marie')}\nAuto-Submitted: auto-replied",
        **REFUSED,
    ),
    "Marie's reference of another ticket": Forgery(
        MARIE,
        f"given to {MARIE}",
        heads=cite("other_marie"),
        before=another_ticket,
        told=((SEB, "Note"), (NADIA, "Note")),
        **REFUSED,
    ),
    "the agent, by the tag alone": Forgery(SEB, "without proof", **REFUSED),
    "the agent, by Marie's mail": Forgery(SEB, f"given to {MARIE}", heads=cite("marie"), **REFUSED),
    "the agent, refusing by the tag alone": Forgery(
        SEB, "without proof", **(REFUSED | {"text": "#refuser\nNon."})
    ),
    "the agent himself": Forgery(SEB, "keyword line refused", heads=cite("seb"), **REFUSED),
}

CLOSED: Told = ((EVE, "Clôturé"), (SEB, "Clôturé"))
LATE = {
    "the agent, reopening by the tag alone": Forgery(
        SEB, "the ticket is final", text="#rouvrir", state="closed", told=((SEB, "Clôturé"),)
    ),
    "the agent, by Marie's mail": Forgery(
        SEB,
        "the ticket is final",
        heads=cite("marie"),
        text="#rouvrir",
        state="closed",
        told=((SEB, "Clôturé"),),
    ),
    "Eve, by the agent's mail": Forgery(
        EVE, f"given to the agent {SEB}", heads=cite("seb"), state="closed", told=CLOSED
    ),
    "Eve, by the agent's internal mail": Forgery(
        EVE, f"given to the agent {SEB}", heads=cite("internal"), state="closed", told=CLOSED
    ),
    "Eve, by Marie's mail": Forgery(
        EVE, f"given to {MARIE}", heads=cite("marie"), state="closed", told=CLOSED
    ),
    "Eve, by the tag alone": Forgery(EVE, "no other proof", state="closed", told=CLOSED),
    "a machine": Forgery(
        EVE, "Precedence", heads="Precedence: bulk", state="closed", told=((SEB, "Clôturé"),)
    ),
}

HTML = "text/html; charset=utf-8"
SHOWN: dict[str, Any] = {"heads": cite("seb"), "told": RELAYED}
KEYWORDS = {
    "in the subject": Forgery(
        SEB, "given to", title=f"#clôturé {TAG} #clôturé", text="Bonjour.", **SHOWN
    ),
    "in a quote below": Forgery(SEB, "given to", text="Bonjour.\n\n> #clôturé", **SHOWN),
    "in a quote above": Forgery(
        SEB,
        "given to",
        text="Le 20/07/2026 à 11:00, Marie <m@x.example> a écrit :\n> #clôturé\n\nBonjour.",
        **SHOWN,
    ),
    "in Outlook's quote": Forgery(
        SEB,
        "given to",
        text="Bonjour.\n\nDe : Marie\nEnvoyé : lundi 20 juillet 2026\nObjet : x\n\n#clôturé",
        **SHOWN,
    ),
    "in the signature": Forgery(SEB, "given to", text="Bonjour.\n\n-- \n#clôturé", **SHOWN),
    "below the text": Forgery(SEB, "given to", text="Bonjour.\n#clôturé\n#transfert x@y", **SHOWN),
    "escaped": Forgery(SEB, "given to", text="##clôturé\nBonjour.", **SHOWN),
    "hidden in HTML": Forgery(
        SEB,
        "given to",
        kind=HTML,
        text='<div style="display:none">#clôturé</div><p>Bonjour.</p>',
        **SHOWN,
    ),
    "hidden in HTML, inline": Forgery(
        SEB,
        "given to",
        kind=HTML,
        text='<span style="color:red; DISPLAY : none !important">#clôturé<br></span>Bonjour.',
        **SHOWN,
    ),
    "in HTML's head and comments": Forgery(
        SEB,
        "given to",
        kind=HTML,
        text="<title>#clôturé</title><style>#clôturé</style><!--\n#clôturé\n--><p>Bonjour.</p>",
        **SHOWN,
    ),
    "in HTML's quote": Forgery(
        SEB,
        "given to",
        kind=HTML,
        text="<blockquote type=cite>#clôturé</blockquote><p>Bonjour.</p>",
        **SHOWN,
    ),
    "in a file": Forgery(
        SEB,
        "given to",
        kind="multipart/mixed; boundary=B",
        text="--B\nContent-Disposition: attachment; filename=a.txt\n\n#clôturé\n--B\n\nBonjour.\n"
        "--B--",
        **SHOWN,
    ),
    "in an attached mail": Forgery(
        SEB,
        "given to",
        kind="multipart/mixed; boundary=B",
        text="--B\nContent-Type: message/rfc822\n\nSubject: x\n\n#clôturé\n--B\n\nBonjour.\n--B--",
        **SHOWN,
    ),
    "in the agent's automatic mail": Forgery(
        SEB, "Auto-Submitted", heads=f"{cite('seb')}\nAuto-Submitted: auto-replied", told=()
    ),
    "in the agent's list mail": Forgery(
        SEB, "List-ID", heads=f"{cite('seb')}\nList-Id: <x.example>", told=()
    ),
    "of agents, by RH": Forgery(
        RH,
        f"given to {RH}",
        heads=cite("rh"),
        after="open",
        told=((MARIE, "Note"), (SEB, "Note")),
        text="#clôturé\n#prendre\nNous y allons.",
    ),
}

REPORT = (
    "--B\n\n#clôturé\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
    f"Final-Recipient: rfc822; {MARIE}\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 forged\n--B\nContent-Type: message/rfc822\n\n"
    f"From: {ADDRESS}\nMessage-ID: <{{one}}@fram.example>\n\nx\n--B--"
)
DSN: dict[str, Any] = {"kind": "multipart/report; report-type=delivery-status; boundary=B"}
BOUNCES = {
    "of Marie's mail, from a stranger": Forgery(
        EVE, "550 forged", text=REPORT.replace("one", "marie"), **DSN
    ),
    "of Marie's mail, in the agent's name": Forgery(
        SEB, "550 forged", text=REPORT.replace("one", "marie"), **DSN
    ),
    "of the agent's mail": Forgery(
        "MAILER-DAEMON@evil.example",
        "550 forged",
        text=REPORT.replace("one", "seb"),
        told=((NADIA, "Anomalie"),),
        **DSN,
    ),
    "of a mail that was never sent": Forgery(
        EVE,
        "no mail of ours that is known",
        text=REPORT.replace("{one}", "x"),
        told=((SEB, "Anomalie"),),
        **DSN,
    ),
    "of the mail of another ticket": Forgery(
        EVE,
        "550 forged",
        text=REPORT.replace("one", "other_marie"),
        before=another_ticket,
        told=((SEB, "Anomalie"), (NADIA, "Anomalie")),
        **DSN,
    ),
}

REAL: dict[str, Any] = {"message_id": "<real@client.example>", "before": the_real_one, "told": ()}
COPIES = {
    "other words": Forgery(SEB, "same Message-ID", **REAL),
    "other words, with Marie's reference": Forgery(
        SEB, "same Message-ID", heads=cite("marie"), **REAL
    ),
    "other words, his own reference": Forgery(SEB, "same Message-ID", heads=cite("seb"), **REAL),
    "from Eve, who gets a ticket of her own": Forgery(
        EVE,
        "to which its sender does not belong",
        **(REAL | {"told": ((EVE, "Nouveau"), (SEB, "Nouveau"), (NADIA, "Nouveau"))}),
    ),
}

CONFIRMING = {
    "another agent, with his own reference too": Forgery(
        SEB,
        "given to",
        heads=cite("trouble", "seb"),
        before=unproven_nadia,
        text="Vu.",
        told=RELAYED,
    ),
    "another agent": Forgery(
        SEB, f"given to {NADIA}", heads=cite("trouble"), before=unproven_nadia, text="Oui."
    ),
    "the agent, to what Eve wrote with him": Forgery(
        SEB,
        "given to",
        heads=cite("trouble"),
        before=several_senders,
        told=(),
        text="Ce n'est pas moi.",
    ),
    "the agent, automatically": Forgery(
        SEB,
        "Auto-Submitted",
        heads=f"{cite('trouble')}\nAuto-Submitted: auto-replied",
        before=unproven,
        told=(),
        text="Absent.",
    ),
}

TABLES = {
    "agent": AGENTS_NAME,
    "server": SERVERS,
    "stranger": STRANGERS,
    "brackets": BRACKETS,
    "answer": ANSWERS,
    "closed": LATE,
    "keyword": KEYWORDS,
    "bounce": BOUNCES,
    "copy": COPIES,
    "confirming": CONFIRMING,
}
FORGERIES = [
    pytest.param(forgery, id=f"{table}: {name}")
    for table, forgeries in TABLES.items()
    for name, forgery in forgeries.items()
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_changes_nothing(desk: TestDesk, forgery: Forgery) -> None:
    story = tell(desk, forgery.state)
    configure(desk, forgery.config)
    more = forgery.before(story)
    ticket, entries = desk.tickets()[0], desk.history()
    desk.deliver(forgery.raw(story.references() | more))
    mails = desk.once()

    line = desk.lines(forgery.message_id.strip("<>"))[-1]
    assert forgery.why in desk.why(line.message_id)
    assert told(mails) == [*forgery.told], desk.why(line.message_id)
    after = desk.tickets()[0]
    assert (after.state, after.owner) == (forgery.after or ticket.state, SEB)
    assert leaks(desk, mails) == []
    added = desk.history()[len(entries) :]
    states = [entry.text for entry in added if entry.kind is EntryKind.STATE]
    assert states == ([after.state] if after.state != ticket.state else [])
    if forgery.told != RELAYED:
        by_agents = [e for e in added if e.author and e.author.email in (SEB, NADIA)]
        assert [e for e in by_agents if not e.internal and not e.automatic] == []
    readers = (SEB, NADIA, forgery.sender)
    others = [mail for mail in mails if mail.recipients[0] not in readers]
    assert [mail for mail in others if squeezed(EVIL) in shows(mail)] == []


EARLY = [
    pytest.param(Forgery(SEB, ""), id="by the tag"),
    pytest.param(Forgery(SEB, "", heads=cite("marie")), id="with Marie's reference"),
    pytest.param(Forgery(SEB, "", heads="Auto-Submitted: auto-replied"), id="as a machine"),
    pytest.param(Forgery("", "", heads=f"Sender: {SEB}"), id="without From"),
    pytest.param(Forgery(f"{SEB}, {EVE}", ""), id="with Eve"),
    pytest.param(Forgery(SEB, "", title="Autre chose"), id="of no ticket"),
    pytest.param(Forgery(SEB, "", heads=cite("rh"), text="Voyez."), id="the same words"),
]


@pytest.mark.parametrize("forgery", EARLY)
def test_a_copy_that_comes_first_does_not_silence_the_agent(
    desk: TestDesk, forgery: Forgery
) -> None:
    story = tell(desk)
    desk.deliver(forgery.raw(story.references()))
    assert [mail for mail in desk.once() if mail.recipients == (MARIE,)] == []
    real = Forgery(SEB, "", heads=cite("seb"), text="Voyez.").raw(story.references())
    desk.deliver(real)
    assert told(desk.once()) == [*RELAYED]
    desk.deliver(real)
    assert told(desk.once()) == []
    assert desk.lines("forged@evil.example")[-1].outcome == "duplicate"


def test_a_copy_with_a_lists_footer_is_told_to_nobody(desk: TestDesk) -> None:
    """Nor is the same copy once more: it is no forgery of which the real one came later."""
    story = tell(desk)
    plain = Forgery(SEB, "", heads=cite("seb"), text="Voyez.")
    footer = Forgery(SEB, "", heads=cite("seb"), text="Voyez.\n\nListe FRAM")
    found = []
    for copy in (plain, footer, footer, plain):
        desk.deliver(copy.raw(story.references()))
        found.append(told(desk.once()))
    assert found == [[*RELAYED], [], [], []]


NAMES = [
    pytest.param("Sébastien", id="his name"),
    pytest.param("SEBASTIEN", id="without accents"),
    pytest.param(" Sébastien \u200b", id="with blanks that nobody sees"),
    pytest.param(SEB, id="his address"),
]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_else_speaks_under_an_agents_name(desk: TestDesk, name: str) -> None:
    """The note of RH goes to Marie as it should: but as theirs."""
    story = tell(desk)
    forgery = Forgery(f'"{name}" <{RH}>', "", heads=cite("rh"), text="Payez d'avance.")
    desk.deliver(forgery.raw(story.references()))
    mails = desk.once()
    assert told(mails) == [(MARIE, "Note"), (SEB, "Note")]
    author = desk.history()[-2].author
    assert author
    assert (author.email, author.name) == (RH, "")
    for mail in mails:
        sender = str(make_header(decode_header(mail.message["From"])))
        assert "bastien" not in sender.lower()
