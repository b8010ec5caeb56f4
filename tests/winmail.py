"""TNEF streams (MS-OXTNEF) and compressed RTF for tests, written by the documents."""

import struct

ATTACHMENT, MESSAGE = 2, 1
STRING, UNICODE, BINARY, OBJECT, INT, BOOL = 0x1E, 0x1F, 0x102, 0x0D, 0x03, 0x0B
IID_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, name: int, value: bytes) -> bytes:
    checksum = sum(value) & 0xFFFF
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", checksum)


def padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)


def prop(kind: int, name: int, value: str | bytes | int) -> bytes:
    """One property: its type, its id, its value."""
    head = struct.pack("<HH", kind, name)
    if isinstance(value, int):
        return head + struct.pack("<I", value)
    if isinstance(value, str):
        value = value.encode("utf-16-le" if kind == UNICODE else "cp1252") + bytes(
            2 if kind == UNICODE else 1
        )
    return head + struct.pack("<II", 1, len(value)) + padded(value)


def named(kind: int, name: int, title: str, value: str) -> bytes:
    """A property that has a name of its own instead of a number."""
    words = title.encode("utf-16-le")
    body = prop(kind, name, value)
    return body[:4] + bytes(16) + struct.pack("<II", 1, len(words)) + padded(words) + body[4:]


def properties(*all_of_them: bytes) -> bytes:
    return struct.pack("<I", len(all_of_them)) + b"".join(all_of_them)


def file(title: str, data: bytes, content_id: str = "") -> bytes:
    """The attributes of one attached file."""
    more = [prop(UNICODE, 0x3707, title)]
    more += [prop(UNICODE, 0x3712, content_id)] if content_id else []
    return (
        attribute(ATTACHMENT, 0x9002, bytes(14))
        + attribute(ATTACHMENT, 0x8010, b"SHORT~1.BIN\0")
        + attribute(ATTACHMENT, 0x800F, data)
        + attribute(ATTACHMENT, 0x9005, properties(*more))
    )


def embedded(title: str, inner: bytes) -> bytes:
    """The attributes of a message within the message."""
    return attribute(ATTACHMENT, 0x9002, bytes(14)) + attribute(
        ATTACHMENT,
        0x9005,
        properties(prop(UNICODE, 0x3001, title), prop(OBJECT, 0x3701, IID_MESSAGE + inner)),
    )


def stream(*attributes: bytes, kind: str = "IPM.Microsoft Mail.Note", body: bytes = b"") -> bytes:
    """A winmail.dat; `body` are properties of the message."""
    return b"".join(
        [
            struct.pack("<IH", 0x223E9F78, 1),
            attribute(MESSAGE, 0x9006, struct.pack("<I", 0x10000)),
            attribute(MESSAGE, 0x9007, struct.pack("<II", 1252, 0)),
            attribute(MESSAGE, 0x8008, kind.encode() + b"\0"),
            attribute(MESSAGE, 0x9003, body) if body else b"",
            *attributes,
        ]
    )


def literal_rtf(text: bytes) -> bytes:
    """Compressed RTF that compresses nothing: every byte stands for itself, then the end mark."""
    pieces = []
    for at in range(0, len(text), 8):
        pieces.append(b"\0" + text[at : at + 8])
    place = (207 + len(text)) % 4096 << 4
    if len(text) % 8:
        last = bytearray(pieces.pop())
        last[0] = 1 << (len(last) - 1)
        pieces.append(bytes(last) + place.to_bytes(2, "big"))
    else:
        pieces.append(b"\1" + place.to_bytes(2, "big"))
    packed = b"".join(pieces)
    return struct.pack("<II4sI", len(packed) + 12, len(text), b"LZFu", 0) + packed
