"""Which files are handed on, and who is told, as tables."""

from datetime import UTC, datetime

import pytest

from rules.engine import decide
from rules.files import Limits, screened
from rules.model import (
    AddEntry,
    Address,
    Attachment,
    Contribution,
    Kind,
    OutboxMail,
    Role,
    Scanned,
    Standing,
    Tell,
    Ticket,
    Verdict,
    Withheld,
)
from tests.rules.test_engine import POLICY

NOW = datetime(2026, 7, 20, 9, tzinfo=UTC)
MARIE, SEB, PAUL = (
    Address("marie@fram.example"),
    Address(POLICY.agents[0].address),
    Address("paul@client.example"),
)
TYPES = {
    "pdf": "application/pdf",
    "gz": "application/gzip",
    "exe": "application/x-msdos-program",
    "png": "image/png",
    "bat": "text/plain",
    "bin": "application/octet-stream",
}
BAD = Attachment("1", "a.exe", "a/b", 1, withheld=Withheld.KIND)
VIRUS = Attachment("2", "b.pdf", "a/b", 1, withheld=Withheld.INFECTED, virus="Some.Name")
WAITS = Attachment("3", "c.pdf", "a/b", 1, withheld=Withheld.UNSCANNED)
LOGO = Attachment("4", "d.png", "image/png", 1, "id@x", withheld=Withheld.KIND)
GOOD = Attachment("5", "e.pdf", "a/b", 1)


def types_of(name: str) -> tuple[str, ...]:
    return tuple(TYPES[ending] for ending in name.split(".")[1:] if ending in TYPES)


@pytest.mark.parametrize(
    ("allow", "deny", "name", "kind", "program", "admitted"),
    [
        ("", "", "a.exe", "a/b", ".exe", True),
        ("", ".exe", "a.exe", "a/b", "", False),
        ("", ".exe", "A.EXE", "a/b", "", False),
        ("", ".exe", "a.exe\N{ZERO WIDTH SPACE}", "a/b", "", False),
        ("", ".exe", "a.e\N{SOFT HYPHEN}xe", "a/b", "", False),
        (
            "",
            ".exe",
            "a\N{FULLWIDTH FULL STOP}\N{FULLWIDTH LATIN SMALL LETTER E}xe",
            "a/b",
            "",
            False,
        ),
        ("", ".exe", "a.pdf.exe", "application/pdf", "", False),
        ("", ".exe", "a.exe.pdf", "application/pdf", "", True),
        ("", ".exe", "exe", "a/b", "", True),
        ("", ".exe", "a.pdf", "application/pdf", ".exe", False),
        ("", "application/pdf", "a", "application/pdf", "", False),
        ("", "application/pdf", "a.pdf", "application/octet-stream", "", False),
        ("", "image/*", "a.png", "a/b", "", False),
        ("", "image/*", "a", "imagex/png", "", True),
        ("", "application/octet-stream", "a.pdf", "application/octet-stream", "", True),
        ("", "application/octet-stream", "a", "application/octet-stream", "", False),
        (".pdf", "", "a.pdf", "whatever/else", "", True),
        (".pdf", "", "a.png", "application/pdf", "", False),
        (".pdf", "", "a.pdf", "application/pdf", ".exe", False),
        ("image/*", "", "a.png", "image/png", "", True),
        ("image/*", "", "a.png", "application/octet-stream", "", True),
        ("image/*", "", "a.exe", "image/png", "", False),
        ("image/*", "", "a.png", "image/png", ".exe", False),
        ("image/*", "", "a.bin", "image/png", "", False),
        ("image/*", "", "a.scr", "image/png", "", False),
        ("image/*", "", "a.png.SCR.", "image/png", "", False),
        ("image/* .scr", "", "a.scr", "image/png", "", True),
        ("text/*", "", "a.bat", "text/plain", "", False),
        ("application/octet-stream", "", "a.bin", "application/octet-stream", "", True),
        ("", "application/octet-stream", "a.bin", "image/png", "", False),
        ("image/*", "", "a.12", "image/png", "", True),
        ("image/*", "", "a", "image/x-new", "", True),
        ("image/*", "", "a.png.gz", "application/octet-stream", "", False),
        ("", "application/gzip", "a.png.gz", "application/octet-stream", "", False),
        ("", "image/*", "a.png.gz", "application/octet-stream", "", False),
        ("image/* application/gzip", "", "a.png.gz", "application/octet-stream", "", True),
        (".pdf", ".pdf", "a.pdf", "application/pdf", "", False),
        ("image/*", "image/svg+xml", "a.svg", "image/svg+xml", "", False),
        ("", "image/png", "a.png\N{ZERO WIDTH SPACE}", "a/b", "", False),
        ("", "image/png", "a.\N{FULLWIDTH LATIN SMALL LETTER P}ng", "a/b", "", False),
        ("image/*", "", "a.pd\N{SOFT HYPHEN}f", "image/png", "", False),
    ],
)
def test_kinds(allow: str, deny: str, name: str, kind: str, program: str, admitted: bool) -> None:
    limits = Limits(tuple(allow.split()), tuple(deny.split()))
    (one,) = screened(limits, [Attachment("1", name, kind, 1, program=program)], types_of)
    assert one.withheld == ("" if admitted else Withheld.KIND)


@pytest.mark.parametrize(
    ("file", "mail", "sizes", "withheld"),
    [
        (0, 0, [10**9], [""]),
        (10, 0, [10, 11], ["", "large"]),
        (0, 10, [6, 6, 4], ["", "total", ""]),
        (5, 10, [6, 5, 5], ["large", "", ""]),
        (0, 10, [11], ["total"]),
    ],
)
def test_sizes(file: int, mail: int, sizes: list[int], withheld: list[str]) -> None:
    files = [Attachment(f"{n}", "a.pdf", "a/b", size) for n, size in enumerate(sizes)]
    done = screened(Limits(file=file, mail=mail), files, types_of)
    assert [one.withheld for one in done] == withheld


def said(role: Role, author: Address, *files: Attachment, machine: bool = False) -> Contribution:
    verdict = Verdict(Kind.AUTO_REPLY, "a header") if machine else None
    standing = Standing(role, verified=role is not Role.UNVERIFIED, reason="because")
    return Contribution(author, standing, "Plan", "Voici.", attachments=files, automatic=verdict)


def ticket(state: str = "open") -> Ticket:
    return Ticket(7, "Plan", state, MARIE, SEB.email, NOW, NOW)


@pytest.mark.parametrize(
    ("role", "author", "file", "machine", "told"),
    [
        (Role.REQUESTER, MARIE, BAD, False, True),
        (Role.OTHER, PAUL, BAD, False, True),
        (Role.AGENT, SEB, BAD, False, True),
        (Role.AGENT, SEB, VIRUS, False, True),
        (Role.REQUESTER, MARIE, VIRUS, False, False),
        (Role.REQUESTER, MARIE, WAITS, False, False),
        (Role.AGENT, SEB, WAITS, False, False),
        (Role.REQUESTER, MARIE, LOGO, False, False),
        (Role.REQUESTER, MARIE, GOOD, False, False),
        (Role.REQUESTER, MARIE, BAD, True, False),
        (Role.UNVERIFIED, PAUL, BAD, False, False),
    ],
)
@pytest.mark.parametrize("state", ["new", "open", "waiting", "resolved"])
def test_the_author_of_a_note_is_told(
    state: str, role: Role, author: Address, file: Attachment, machine: bool, told: bool
) -> None:
    effects = decide(POLICY, ticket(state), said(role, author, file, machine=machine), NOW)
    template = "agent-left-out" if role is Role.AGENT else "left-out"
    mails = [one for one in effects if isinstance(one, Tell) and one.on == "left-out"]
    expected = [(author.email, template)] if told else []
    assert [(one.recipient.email, one.template) for one in mails] == expected
    for one in mails:
        assert (one.notice, one.bounded, one.joins) == (True, True, False)
        before = effects[effects.index(one) - 1]
        assert isinstance(before, AddEntry)
        assert before.attachments == (file,)


def test_who_opens_a_ticket_reads_it_in_the_acknowledgement() -> None:
    effects = decide(POLICY, None, said(Role.REQUESTER, MARIE, BAD), NOW)
    to_marie = [one for one in effects if isinstance(one, Tell) and one.recipient == MARIE]
    assert [one.template for one in to_marie] == ["opened"]


def mail(recipient: Address, event: str) -> OutboxMail:
    return OutboxMail(1, "mg-x", 7, 3, recipient, event, "s", "row", "sent", 1, NOW, "")


@pytest.mark.parametrize(
    ("files", "news", "internal", "told"),
    [
        ([GOOD], "5", False, [("seb", "agent-files"), ("paul", "files")]),
        ([GOOD], "5", True, [("seb", "agent-files")]),
        ([GOOD, VIRUS], "52", False, [("seb", "agent-files"), ("paul", "files")]),
        ([GOOD, VIRUS], "2", False, [("seb", "agent-trouble")]),
        ([GOOD, WAITS], "5", False, [("seb", "agent-files"), ("paul", "files")]),
    ],
)
def test_the_scanners_word(
    files: list[Attachment], news: str, internal: bool, told: list[tuple[str, str]]
) -> None:
    mails = (
        mail(MARIE, "opened"),
        mail(SEB, "note"),
        mail(PAUL, "note"),
        mail(PAUL, "reply"),
        mail(Address("late@x.example"), "reminder"),
        mail(Address("lost@x.example"), "trouble"),
    )
    event = Scanned(3, MARIE, internal, tuple(files), frozenset(news), mails)
    known, *effects = decide(POLICY, ticket(), event, NOW)
    assert known.files == event.files  # type: ignore[union-attr] # the first effect is FilesKnown
    names = {SEB.email: "seb", PAUL.email: "paul"}
    found = [(names[one.recipient.email], one.template) for one in effects if isinstance(one, Tell)]
    assert found == told
