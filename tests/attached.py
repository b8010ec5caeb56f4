"""Files put on mails."""

from __future__ import annotations

import email
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

# A program of nothing: the two headers that Windows looks for (Microsoft PE format).
PROGRAM = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(20)
PDF = b"%PDF-1.4 rien\n"

File = tuple[str, str, bytes]  # name, type, content


def attached(raw: bytes, *files: File, inline: bool = False) -> bytes:
    """The mail with these files behind its text; `inline`: as pictures of the text."""
    plain = email.message_from_bytes(raw)
    whole = MIMEMultipart("related" if inline else "mixed")
    text = plain.get_payload(decode=True)
    assert isinstance(text, bytes)
    whole.attach(MIMEText(text.decode("utf-8"), "plain", "utf-8"))
    for rank, (name, kind, content) in enumerate(files):
        part = MIMEApplication(content)
        part.replace_header("Content-Type", kind)
        how = "inline" if inline else "attachment"
        part.add_header("Content-Disposition", how, filename=name)
        if inline:
            part.add_header("Content-ID", f"<image{rank}@client.example>")
        whole.attach(part)
    for header, value in plain.items():
        if not header.lower().startswith(("content-", "mime-")):
            whole[header] = value
    return whole.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def riding(mail: Message) -> list[tuple[str, bytes]]:
    """Name and content of the files of a mail."""
    found = []
    for part in mail.walk():
        if part.get_filename():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append((str(part.get_filename()), content))
    return found
