"""Mails as the common clients write them: new ones, and answers that quote what they answer."""

from __future__ import annotations

import html
from collections.abc import Callable
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from itertools import count

from tests.desk import ADDRESS, body, subject
from tests.servers.smtp_sink import Mail

_SERIAL = count(1)
_DATE = "Mon, 20 Jul 2026 11:00:00 +0200"

NAMES = {
    "marie.dupont@fram.example": "Marie DUPONT",
    "sebastien@fram.example": "Sébastien",
    "rh@fram.example": "RH",
}

Client = Callable[[str], MIMEMultipart | MIMEText]


def new(
    sender: str,
    title: str,
    text: str,
    *,
    message_id: str = "",
    to: str = ADDRESS,
    **headers: str,
) -> bytes:
    """A new mail in plain text; `headers` by name with _ for -."""
    mail = MIMEText(text, "plain", "utf-8")
    return _finish(mail, sender, title, to, message_id, headers)


def answer(mail: Mail, sender: str, text: str, client: str = "plain", **headers: str) -> bytes:
    """The answer of a client to a mail of ours: its threading headers, prefix and quote."""
    make, prefix = CLIENTS[client]
    original = mail.message
    links = {
        "In_Reply_To": str(original["Message-ID"]),
        "References": f"{original['References'] or ''} {original['Message-ID']}".strip(),
    }
    finished = make(text, mail)
    title = f"{prefix}{subject(mail)}"
    return _finish(finished, sender, title, ADDRESS, "", links | headers)


def _plain(text: str, mail: Mail) -> MIMEText:
    quoted = "\n".join(f"> {line}" for line in body(mail).splitlines())
    return MIMEText(
        f"{text}\n\nLe 20/07/2026 à 11:00, FRAM a écrit :\n{quoted}\n", "plain", "utf-8"
    )


def _outlook(text: str, mail: Mail) -> MIMEMultipart:
    heads = (
        f"De : FRAM <{ADDRESS}>\nEnvoyé : lundi 20 juillet 2026 11:00\nÀ : {mail.recipients[0]}\n"
    )
    heads += f"Objet : {subject(mail)}\n"
    plain = f"{text}\n\n________________________________\n{heads}\n{body(mail)}"
    rich = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="FR">'
        f'<div class="WordSection1">{_paragraphs(text, "MsoNormal")}'
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal">{_lines(heads)}</p></div></div>'
        f"{_inner(body(mail, 'text/html'))}</div></body></html>"
    )
    return _alternative(plain, rich)


def _gmail(text: str, mail: Mail) -> MIMEMultipart:
    head = f"Le lun. 20 juil. 2026 à 11:00, FRAM <{ADDRESS}> a\u00a0écrit\u00a0:"
    quoted = "\n".join(f"> {line}" for line in body(mail).splitlines())
    rich = (
        f'<div dir="ltr">{_lines(text)}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{html.escape(head)}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">'
        f"{_inner(body(mail, 'text/html'))}</blockquote></div>"
    )
    return _alternative(f"{text}\n\n{head}\n\n{quoted}\n", rich)


def _outlook_html_only(text: str, mail: Mail) -> MIMEText:
    part = _outlook(text, mail).get_payload()[1]
    rich = part.get_payload(decode=True)
    return MIMEText(rich.decode("utf-8"), "html", "utf-8")


CLIENTS = {
    "plain": (_plain, "Re: "),
    "outlook": (_outlook, "RE: "),
    "outlook-html": (_outlook_html_only, "RE : "),
    "gmail": (_gmail, "Re: "),
}


def _finish(
    mail: MIMEMultipart | MIMEText,
    sender: str,
    title: str,
    to: str,
    message_id: str,
    headers: dict[str, str],
) -> bytes:
    address = parseaddr(sender)[1]
    known = (
        formataddr((str(Header(NAMES[address], "utf-8")), address)) if address in NAMES else sender
    )
    mail["From"] = known if sender == address else sender
    mail["To"] = to
    mail["Subject"] = Header(title, "utf-8").encode()
    mail["Date"] = _DATE
    if message_id != "none":
        mail["Message-ID"] = message_id or f"<m{next(_SERIAL)}@client.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _alternative(plain: str, rich: str) -> MIMEMultipart:
    mail = MIMEMultipart("alternative")
    mail.attach(MIMEText(plain, "plain", "utf-8"))
    mail.attach(MIMEText(rich, "html", "utf-8"))
    return mail


def _paragraphs(text: str, css: str) -> str:
    blank = "<o:p>&nbsp;</o:p>"  # how Word writes an empty line
    lines = text.splitlines()
    return "".join(f'<p class="{css}">{html.escape(line) or blank}</p>' for line in lines)


def _lines(text: str) -> str:
    return "<br>".join(html.escape(line) for line in text.splitlines())


def _inner(document: str) -> str:
    """What stands between <body> and </body>: what clients quote of an HTML mail."""
    start = document.index(">", document.index("<body")) + 1
    return document[start : document.index("</body>")]
