"""The header block of a raw mail, mended where one bad line would make a body of the rest.

Standard: RFC 5322 section 2.2; 4.5 allows blanks before the colon in old mails.

The standard parser ends the block at the first line that is no header. What programs
write by hand has such lines in the middle, and From and Subject below them. A line is
set apart only where headers follow that no text begins with, and it is joined to no
header but one of Content-*: no stranger may lengthen what our own server wrote.
"""

from __future__ import annotations

import re

_LIMIT = 262_144  # bytes of a header block that are looked at
_BAD_LINES = 20  # of more the block is no header block but a text

_END = re.compile(rb"\n\r?\n")
_ODD = re.compile(rb"\A[ \t]+[!-9;-~]+:|^(?![!-9;-~]++:|[ \t\r\n]|From |\Z)", re.MULTILINE)
_NAME = re.compile(rb"([!-9;-~]++)([ \t]*):")
_READ_LOOSELY = frozenset(
    {
        *(b"bcc", b"cc", b"date", b"from", b"in-reply-to", b"message-id", b"mime-version"),
        *(b"references", b"reply-to", b"sender", b"subject", b"to"),
        *(b"content-disposition", b"content-id", b"content-transfer-encoding", b"content-type"),
    }
)
# Date: and To: begin lines of texts, too.
_SURE = frozenset(
    {b"content-type", b"from", b"message-id", b"mime-version", b"received", b"subject"}
)


def mended(raw: bytes) -> tuple[bytes, bool]:
    """The mail with a header block that can be read to its end, and whether that changed it.

    Raises nothing; takes linear time.
    """
    end = _END.search(raw, 0, _LIMIT)
    size = end.start() + 1 if end else min(len(raw), _LIMIT)
    head = raw[:size]
    if not _ODD.search(head):
        return raw, False
    lines = head.split(b"\n")
    if lines[0][:1] in (b" ", b"\t"):
        lines[0] = lines[0].lstrip(b" \t")
    names = [_name(line) for line in lines]
    # One that stands above as well may be quoted in a text.
    last = max((names.index(name) for name in _SURE.intersection(names)), default=-1)
    out, owner, bad = [], b"", 0
    for at, (line, name) in enumerate(zip(lines, names, strict=True)):
        if name:
            owner = name
            line = _NAME.sub(rb"\1:", line, count=1)
        elif at < last and line[:1] not in (b" ", b"\t", b"\r", b"") and line[:5] != b"From ":
            bad += 1
            line = (b" " if owner.startswith(b"content-") else b"X-Unreadable: ") + line
        out.append(line)
    changed = b"\n".join(out)
    return (raw, False) if bad > _BAD_LINES or changed == head else (changed + raw[size:], True)


def _name(line: bytes) -> bytes:
    """The name of the header that the line begins, lower case, b"" when it begins none."""
    found = _NAME.match(line)
    if found is None or (found[2] and found[1].lower() not in _READ_LOOSELY):
        return b""
    return found[1].lower()
