"""Compressed RTF, as Outlook keeps the body of a message (MS-OXRTFCP)."""

from __future__ import annotations

import struct

_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
# What the dictionary holds before the first byte (section 2.2.2.1 there).
_BEGIN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern "
    rb"\fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    rb"{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompressed(data: bytes, limit: int) -> bytes:
    """The RTF. Raises ValueError when it is none, is broken off, or is longer than `limit`."""
    if len(data) < 16:
        raise ValueError("no header of compressed RTF")
    size = struct.unpack_from("<I", data, 4)[0]
    if size > limit:
        raise ValueError(f"{size} bytes of RTF, of which {limit} are read")
    if data[8:12] == _PLAIN:
        return data[16 : 16 + size]
    if data[8:12] != _COMPRESSED:
        raise ValueError("neither compressed nor plain RTF")
    out, at, end = bytearray(_BEGIN), 16, len(_BEGIN) + size
    while len(out) < end:
        if at >= len(data):
            raise ValueError("the compressed RTF breaks off")
        flags = data[at]
        at += 1
        for bit in range(8):
            piece = data[at : at + 1 + (flags >> bit & 1)]
            at += len(piece)
            if len(piece) == 1:
                out += piece
                continue
            if len(piece) < 1 or not _copied(out, piece[0] << 8 | piece[1]):
                break
    return bytes(out[len(_BEGIN) : end])


def _copied(out: bytearray, reference: int) -> bool:
    """Appends what a reference means: 12 bits of place in the window, 4 of length.

    False at the end mark, which names the place where the next byte would go.
    """
    place, length = reference >> 4, (reference & 15) + 2
    back = (len(out) - place) % _WINDOW
    if back == 0:
        return False
    start = len(out) - back
    for at in range(start, start + length):
        out.append(out[at] if at >= 0 else 0)
    return True
