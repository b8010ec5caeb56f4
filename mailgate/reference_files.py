"""Files that hold a reference or a link of ours, in whatever way they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailgate import tnef
from mailgate.attachments import is_message
from mailgate.parse import parse
from rules import reference
from rules.model import Attachment

_SCANNED = 2_000_000  # bytes of a file in which references are looked for
_SOFT_BREAK = re.compile(rb"=\r?\n")  # RFC 2045 section 6.7
_BREAK = re.compile(rb"\r?\n[ \t]?")


def holds_reference(attachment: Attachment, data: bytes, portal_url: str = "") -> bool:
    """Whether a file, or a mail that is attached as one, holds a reference or link of ours."""
    data = data[:_SCANNED]
    places = [attachment.name, *_readings(data)]
    if is_message(attachment):
        inner = parse(data)
        places += [inner.message_id, *inner.references, inner.text, inner.html]
    if tnef.holds(data):  # its bodies are compressed
        inside = tnef.unpack(data)
        places += [inside.text, inside.html]
        places += [one for member in inside.members for one in _readings(member.data)]
    return reference.shown(places, portal_url)


def _readings(data: bytes) -> Iterator[str]:
    """A file's bytes as texts in which a reference stands in one piece, if there is one."""
    # UTF-16 is ASCII with zeros between; quoted-printable breaks lines anywhere.
    joined = _SOFT_BREAK.sub(b"", data.replace(b"\0", b""))
    # So do calendars and contacts, which put a blank behind (RFC 5545 section 3.1), and RTF.
    for one in (data, joined, _BREAK.sub(b"", joined)):
        yield one.decode("latin-1")
