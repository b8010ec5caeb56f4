"""winmail.dat streams taken apart: what a reader of them has to know, and hostile ones."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate import rtf, tnef
from mailgate.attachments import attachment_bytes
from mailgate.parse import parse
from tests import winmail

RTF = b"{\\rtf1 Bonjour}"
INNER = winmail.stream(
    winmail.file("dedans.txt", b"dedans"),
    body=winmail.properties(winmail.prop(winmail.STRING, 0x1000, "Le message joint, déjà lu")),
)
FULL = winmail.stream(
    winmail.file("plan.pdf", b"%PDF"),
    winmail.embedded("Contrat", INNER),
    body=winmail.properties(
        winmail.named(winmail.UNICODE, 0x8001, "x-own", "1"),
        winmail.prop(winmail.BOOL, 0x0E1F, 1),
        winmail.prop(winmail.INT, 0x3FDE, 28592),
        winmail.prop(winmail.BINARY, 0x1013, "<p>Dzień dobry</p>".encode("iso-8859-2")),
        winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(RTF)),
    ),
)


def body(*properties: bytes) -> bytes:
    return winmail.stream(body=winmail.properties(*properties))


def names(data: bytes) -> list[str]:
    return [member.name for member in tnef.unpack(data).members]


def test_bodies_files_and_messages_within() -> None:
    read = tnef.unpack(FULL)
    assert read.whole
    assert read.html == "<p>Dzień dobry</p>"
    assert names(FULL) == ["message.html", "plan.pdf", "Contrat.txt", "dedans.txt"]
    assert read.members[2].data.decode() == "Le message joint, déjà lu"


@pytest.mark.parametrize(
    ("data", "member"),
    [
        pytest.param(
            body(winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(RTF))),
            ("message.rtf", RTF),
            id="RTF",
        ),
        pytest.param(
            body(winmail.prop(winmail.UNICODE, 0x1000, "Où ?")),
            ("message.txt", "Où ?".encode()),
            id="text as a property",
        ),
        pytest.param(
            winmail.stream(winmail.attribute(winmail.MESSAGE, 0x800C, b"O\xf9 ?\0")),
            ("message.txt", "Où ?".encode()),
            id="text as an attribute",
        ),
        pytest.param(
            winmail.stream(
                winmail.attribute(winmail.ATTACHMENT, 0x9002, b""),
                winmail.attribute(winmail.ATTACHMENT, 0x8010, b"\xe9t\xe9.txt\0"),
                winmail.attribute(winmail.ATTACHMENT, 0x800F, b"x"),
            ),
            ("été.txt", b"x"),
            id="a short title",
        ),
        pytest.param(
            winmail.stream(
                winmail.attribute(winmail.ATTACHMENT, 0x8010, b"a.txt\0"),
                winmail.attribute(winmail.ATTACHMENT, 0x800F, b"x"),
            ),
            ("a.txt", b"x"),
            id="a file that nothing announces",
        ),
    ],
)
def test_the_member(data: bytes, member: tuple[str, bytes]) -> None:
    read = tnef.unpack(data)
    assert read.whole
    assert [(one.name, one.data) for one in read.members] == [member]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(FULL[:-20], id="breaks off in a file"),
        pytest.param(winmail.stream(kind="IPM.Schedule.Meeting.Request"), id="a meeting"),
        pytest.param(
            winmail.stream(winmail.attribute(winmail.ATTACHMENT, 0x9002, b"")),
            id="a link to a file",
        ),
        pytest.param(
            body(winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(RTF)[:-9])),
            id="RTF that breaks off",
        ),
        pytest.param(
            body(winmail.prop(winmail.BINARY, 0x1009, winmail.literal_rtf(bytes(1_000_001)))),
            id="RTF beyond the limit",
        ),
        pytest.param(
            winmail.stream(*[winmail.file("a", b"x")] * 201), id="more files than are unpacked"
        ),
        pytest.param(
            winmail.stream(winmail.attribute(1, 0x9003, struct.pack("<I", 2**32 - 1) + bytes(16))),
            id="a count that lies",
        ),
    ],
)
def test_what_is_not_all_read_is_kept_packed(data: bytes) -> None:
    assert not tnef.unpack(data).whole
    read_mail = parse(b"Content-Type: application/ms-tnef\n\n" + data)
    assert read_mail.attachments[0].type == "application/ms-tnef"


# MS-OXRTFCP sections 3.1.1 and 3.1.2: a simple stream, and one that refers to what it writes.
@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b0"
            "6c647d0a800fa0",
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
        ),
        (
            "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0",
            b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
        ),
    ],
)
def test_compressed_rtf_of_the_document(packed: str, text: bytes) -> None:
    assert rtf.decompressed(bytes.fromhex(packed), 1000) == text


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"short", id="no header"),
        pytest.param(struct.pack("<II4sI", 20, 8, b"none", 0) + bytes(8), id="no kind"),
        pytest.param(struct.pack("<II4sI", 20, 1001, b"LZFu", 0) + bytes(8), id="too long"),
        pytest.param(struct.pack("<II4sI", 20, 100, b"LZFu", 0) + bytes(8), id="breaks off"),
    ],
)
def test_no_compressed_rtf(packed: bytes) -> None:
    with pytest.raises(ValueError):
        rtf.decompressed(packed, 1000)


@pytest.mark.parametrize("member", ["0", "-1", "5", "9" * 5000, "x", "1/1", "²"])
def test_a_file_that_is_not_there(member: str) -> None:
    raw = b"Content-Type: application/ms-tnef\n\n" + FULL
    assert attachment_bytes(raw, "0/2") == b"%PDF"
    with pytest.raises(LookupError):
        attachment_bytes(raw, f"0/{member}")


@given(st.data())
def test_any_change_of_a_stream(data: st.DataObject) -> None:
    out = bytearray(FULL)
    for _ in range(data.draw(st.integers(0, 6))):
        out[data.draw(st.integers(0, len(out) - 1))] = data.draw(
            st.sampled_from((0, 1, 2, 0x1E, 0x1F, 0x7F, 0x80, 0xFF)) | st.integers(0, 255)
        )
    raw = b"Content-Type: application/ms-tnef\n\n" + out[: data.draw(st.integers(0, len(out)))]
    for attachment in parse(raw).attachments:
        assert len(attachment_bytes(raw, attachment.part)) == attachment.size
