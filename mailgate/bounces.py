"""Delivery status notifications: who did not get which mail of ours, and why.

Standards: RFC 3464 (delivery-status), 6522 (multipart/report), 3461 section 4.2
(original recipients), 3463 (status codes), 6533 (their Unicode forms).

What goes wrong with real ones: blank lines missing between recipients or standing
within one, base64 or quoted-printable where none is allowed, 8-bit diagnostics,
folded lines that lost their indent, a returned header block that begins with an empty
line. Reports without form (qmail, old gateways) are read in `formless`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailgate import decode, mimetree
from rules import reference

_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPTS = frozenset({"message/disposition-notification"})
_RETURNED = frozenset(
    {
        *("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"),
        *("message/global", "message/global-headers"),
    }
)
_REPORT_LIMIT = 262_144  # bytes of the delivery-status that are read: some 1,000 recipients
_RETURNED_LIMIT = 1_048_576  # bytes of a returned mail that are read
_RETURNED_PARTS = 5  # a report has one
_MAIL_TYPES = frozenset({"rfc822", "utf-8", ""})  # RFC 3464 section 2.1.1, RFC 6533 section 3
_FIRST = {"message-id": 0, "references": 1}  # where the reference of the returned mail stands
_RECIPIENTS = 500
_IDS = 20
_ID_LIMIT = 998  # RFC 5322 section 2.1.1: no header line is longer
ADDRESS_LIMIT = 320  # RFC 3696 erratum 1690: 64 + 1 + 255
_DIAGNOSTIC_LIMIT = 1_000  # characters of a server's answer; Exchange writes some 400

_FIELD = re.compile(r"([A-Za-z][\w-]{0,60})[ \t]*:(.*)")
_ACTION = re.compile(r"\s*(failed|failure|delayed)\b", re.IGNORECASE)
_FINE = re.compile(r"\s*(delivered|relayed|expanded)\b", re.IGNORECASE)
# RFC 8098 section 3.2.6: a program threw the mail away, as Sieve's reject does (RFC 5429).
_REJECTED = re.compile(
    r"\s*automatic-action\b[^;]{0,80};\s*(?:deleted|denied|failed)\b", re.IGNORECASE
)
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
# It begins where a word begins, so that each word is read once.
ADDRESS = re.compile(r'(?<![^\s<>@;:,"])[^\s<>@;:,"]++@[^\s<>@;:,"]+')
_BRACKETED = re.compile(r"<([^<>]*)>")

_Group = dict[str, str]  # the fields of one recipient: lower-case name -> value


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient of a mail of ours, as a mail server reports it."""

    recipient: str  # address as it was written to, lower case; other words where it is none
    status: str  # RFC 3463 code such as "5.1.1", "" without one
    diagnostic: str  # the server's answer, one line, "" without one


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server, or somebody's program, reports of mails; both lists may be empty."""

    failed: tuple[Failure, ...]  # will not arrive
    delayed: tuple[Failure, ...]  # still tried
    references: tuple[str, ...]  # found in the returned mail, its own one first
    message_ids: tuple[str, ...]  # of the returned mail, without angle brackets
    fine: bool = False  # somebody else got it, or a further server took it
    rejected: bool = False  # a read receipt that says so (RFC 8098, Disposition)

    @property
    def harmless(self) -> bool:
        """Whether it tells of delays and deliveries alone."""
        return not self.failed and (bool(self.delayed) or self.fine)


def read(raw: bytes, *, known: bool = False) -> Bounce | None:
    """What a delivery status notification says, or a receipt that rejects; None for other mails.

    `known`: it is held to be a bounce, so that a status part counts in any mail. Says
    nothing of who wrote it: anyone can send one. Raises nothing but MemoryError;
    takes linear time, and reads so much of a part as the limits allow.
    """
    tree = mimetree.tree(raw)
    # The kind of the second part is the report-type (RFC 6522 section 3), which some forget.
    reports = [leaf.payload() for leaf in tree.leaves if leaf.kind in _REPORTS]
    receipts = [leaf.payload() for leaf in tree.leaves if leaf.kind in _RECEIPTS]
    reported = tree.root.get_content_type() in {"multipart/report", *_REPORTS}
    if not (reports or receipts) or not (known or reported):
        return None
    groups = _groups(b"\n\n".join(reports or receipts)[:_REPORT_LIMIT])
    rejections = [] if reports else [_rejection(group) for group in groups]
    groups = groups if reports else [group for group in rejections if group]
    if not reports and not groups:
        return None
    returned = [leaf for leaf in tree.leaves if leaf.kind in _RETURNED][:_RETURNED_PARTS]
    mails = [mimetree.tree(leaf.payload()[:_RETURNED_LIMIT].lstrip()) for leaf in returned]
    return Bounce(
        failed=_failures(("failed", "failure"), groups),
        delayed=_failures(("delayed",), groups),
        references=reference.find(text for mail in mails for text in _texts(mail)),
        message_ids=_message_ids(mails),
        fine=any(_FINE.match(group.get("action", "")) for group in groups),
        rejected=not reports,
    )


@dataclass(slots=True)
class _Fields:
    """The fields of a delivery-status, gathered recipient by recipient."""

    groups: list[_Group] = field(default_factory=list)
    group: _Group = field(default_factory=dict)
    last: str = ""  # name of the field that a further line continues

    def add(self, name: str, value: str) -> None:
        named = name in ("original-recipient", "final-recipient")
        if (named and self.complete()) or (name in self.group and (named or name == "action")):
            self.end()
        self.last = name if name not in self.group else ""
        self.group.setdefault(name, value)

    def further(self, line: str) -> None:
        """A folded line, or one that lost its indent."""
        if self.last and len(self.group[self.last]) < _DIAGNOSTIC_LIMIT:
            self.group[self.last] += " " + line

    def complete(self) -> bool:
        """Whether the group names a recipient and what became of him."""
        named = "final-recipient" in self.group or "original-recipient" in self.group
        return named and "action" in self.group

    def blank(self) -> None:
        """An empty line ends a complete group; elsewhere it is a mistake."""
        if self.complete():
            self.end()
        self.last = ""

    def end(self) -> None:
        if self.group:
            self.groups.append(self.group)
        self.group, self.last = {}, ""


def _groups(report: bytes) -> list[_Group]:
    """The recipients of a delivery-status (RFC 3464 section 2.3)."""
    fields = _Fields()
    for line in decode.lines(decode.text(report, "utf-8")).split("\n"):
        if not line.strip():
            fields.blank()
            continue
        match = _FIELD.match(line)
        if match:
            fields.add(match[1].lower(), match[2])
        else:
            fields.further(line)
    fields.end()
    return fields.groups


def _rejection(group: _Group) -> _Group:
    """The fields of a read receipt that rejects, as a report of failure; none of any other."""
    rejects = _REJECTED.match(group.get("disposition", ""))
    return group | {"action": "failed"} if rejects else {}


def _failures(actions: tuple[str, ...], groups: Iterable[_Group]) -> tuple[Failure, ...]:
    """The recipients of these actions, each once (RFC 3464 section 2.3.3)."""
    found: dict[str, Failure] = {}
    for group in groups:
        action = _ACTION.match(group.get("action", ""))
        recipient = _recipient(group)
        if action and action[1].lower() in actions and recipient and len(found) < _RECIPIENTS:
            answer = _typed(group.get("diagnostic-code", ""))[1]
            # Old servers write the SMTP code as the Status.
            status = _STATUS.search(group.get("status", "")) or _STATUS.search(answer)
            failure = Failure(recipient, status[0] if status else "", answer[:_DIAGNOSTIC_LIMIT])
            found.setdefault(recipient, failure)
    return tuple(found.values())


def _recipient(group: _Group) -> str:
    """The address that we wrote to, else the one it was forwarded to, else any words."""
    kind, original = _typed(group.get("original-recipient", ""))
    _, final = _typed(group.get("final-recipient", ""))
    for value in (original, final) if kind in _MAIL_TYPES else (final,):
        address = ADDRESS.search(value)
        if address and len(address[0]) <= ADDRESS_LIMIT:
            return address[0].lower()
    return (final or original)[:ADDRESS_LIMIT].lower()


def _typed(value: str) -> tuple[str, str]:
    """The type (lower case, "" without one) and the rest of `type; rest`, on one line."""
    kind, semicolon, rest = decode.one_line(value).partition(";")
    if semicolon and re.fullmatch(r"[\w.-]{1,40}", kind.strip(), re.ASCII):
        return kind.strip().lower(), rest.strip()
    return "", decode.one_line(value)


def _texts(mail: mimetree.Tree) -> Iterator[str]:
    """Where a returned mail cites references of ours; its own one before others."""
    heads = sorted(mail.root.raw_items(), key=lambda head: _FIRST.get(head[0].lower(), 2))
    for _, value in heads:
        yield decode.words(str(value))
    for leaf in mail.leaves:
        if leaf.kind.startswith(("text/", "message/")):
            yield leaf.payload().decode("latin-1")  # references are ASCII


def _message_ids(mails: Iterable[mimetree.Tree]) -> tuple[str, ...]:
    """The Message-IDs of returned mails; blanks within one are folding."""
    found: dict[str, None] = {}
    for mail in mails:
        for value in mail.root.get_all("message-id", []):
            for one in _BRACKETED.findall(decode.words(str(value))):
                one = "".join(decode.one_line(one).split())
                if one and len(one) <= _ID_LIMIT and len(found) < _IDS:
                    found[one] = None
    return tuple(found)
