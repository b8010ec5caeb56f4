"""The fault points of the road of a message: where a process is made to die, and what that tests.

The package knows nothing of them: the child (tests/crash/child.py) replaces what a row names and
sends itself SIGKILL right before or right after the n-th call. "Inside (B)" is after a statement
and before the commit; the first call after a transaction stands for "after its commit".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]


@dataclass(frozen=True)
class Point:
    name: str
    module: str
    attribute: str  # a function of the module, or Class.method
    when: When
    promise: int  # of design section 3: 1 nothing lost, 2 nothing twice, 3 mail out = change made
    phase: str  # of the scenario, in which the process dies
    calls: tuple[int, ...]  # the n-th calls at which it dies, one run for each


def _points(phase: str, *rows: tuple[str, str, When, int, tuple[int, ...]]) -> list[Point]:
    found = []
    for name, target, when, promise, calls in rows:
        module, _, attribute = target.partition(":")
        found.append(Point(name, module, attribute, when, promise, phase, calls))
    return found


# fmt: off
_START = _points(
    "start",
    ("first contact, not committed",      "store.ledger:contact",           "after",  1, (1,)),
    ("first contact, committed",          "mailgate.intake:step",           "before", 1, (1,)),
    ("first mails, (B) committed",        "mailgate.intake:settle",         "after",  2, (1,)),
)
_INTAKE = _points(
    "mails",
    ("fetched",                           "mailgate.imap:Mailbox.fetch",    "after",  1, (1, 2)),
    ("inside (A)",                        "store.ledger:take",              "after",  1, (1, 2)),
    ("(A) committed",                     "mailgate.reading:read",           "before", 1, (1, 5)),
    ("in parse, before",                  "mailgate.reading:parse",          "before", 1, (2,)),
    ("in parse, after",                   "mailgate.reading:parse",          "after",  1, (7,)),
    ("(B) begun",                         "mailgate.intake:enter",          "before", 2, (1, 6)),
    ("inside (B): looked for a double",   "store.ledger:same_mail",         "after",  2, (3,)),
    ("inside (B): ticket made",           "store.tickets:open_ticket",      "after",  2, (1, 3)),
    ("inside (B): entry added",           "store.tickets:add_entry",        "after",  2, (1, 8)),
    ("inside (B): ticket changed",        "store.tickets:change",           "after",  2, (6,)),
    ("inside (B): clocks set",            "store.timers:set_all",           "after",  2, (1, 2)),
    ("inside (B): mail queued",           "store.outbox:enqueue",           "after",  3, (1, 5)),
    ("inside (B): ids remembered",        "store.tickets:cite",             "after",  2, (4,)),
    ("inside (B): effects applied",       "mailgate.effects:apply",         "after",  3, (2, 7)),
    ("inside (B): references exposed",    "store.outbox:expose",            "after",  2, (3,)),
    ("inside (B): outcome written",       "store.ledger:settle",            "after",  2, (1, 11)),
    ("(B) committed",                     "mailgate.intake:settle",         "after",  2, (1, 2, 4)),
    ("before MOVE",                       "imapclient:IMAPClient.move",     "before", 1, (1, 2, 5)),
    ("after MOVE",                        "imapclient:IMAPClient.move",     "after",  1, (1, 2, 5)),
    ("acknowledged",                      "mailgate.intake:acknowledge",    "after",  2, (1, 3)),
    ("inside the note of an empty inbox", "store.timers:read_to_end",       "after",  2, (1,)),
    ("inbox empty, noted",                "mailgate.intake:refile",         "before", 2, (1,)),
)
_DELIVERY = _points(
    "mails",
    ("inside the take-over",              "store.outbox:take_over",         "after",  3, (1, 2)),
    ("inside the claim",                  "store.outbox:claim",             "after",  3, (1, 2)),
    ("claim committed",                   "mailgate.delivery:Courier._send", "before", 3, (1, 4)),
    ("before the connection",             "mailgate.smtp:Link.send",        "before", 3, (2, 6)),
    ("a command answered",                "smtplib:SMTP.getreply",          "after",  3, (4, 8)),
    ("DATA answered",                     "mailgate.smtp:Link._start",      "after",  3, (1, 5)),
    ("mail accepted",                     "mailgate.smtp:Link._hand_over",  "after",  3, (1, 4, 9)),
    ("taken, not noted",                  "store.sent:SentLog.add",         "before", 3, (1, 5)),
    ("taken, noted",                      "store.sent:SentLog.add",         "after",  3, (1, 2, 6)),
    ("inside the catching up",            "store.outbox:all_sent",          "after",  3, (1, 2)),
    ("database told, not committed",      "store.outbox:take_over",         "before", 3, (2, 3)),
    ("database told",                     "store.sent:SentLog.told",        "before", 3, (1, 2)),
    ("result known, not recorded",        "mailgate.delivery:record",       "before", 3, (1,)),
    ("inside record: comes later",        "store.outbox:later",             "after",  3, (1,)),
    ("inside record: failed",             "store.outbox:failed",            "after",  3, (1,)),
    ("inside record: failure told",       "mailgate.delivery:_fail",        "after",  3, (1,)),
    ("recorded",                          "mailgate.delivery:record",       "after",  3, (1,)),
)
_CONFIRM = _points(
    "confirm",
    ("inside (B): words confirmed",       "store.tickets:confirmed",        "after",  2, (1,)),
    ("inside (B): confirming settled",    "store.ledger:settle",            "after",  2, (1,)),
    ("confirmed, before MOVE",            "imapclient:IMAPClient.move",     "before", 2, (1,)),
    ("confirmed, mail accepted",          "mailgate.smtp:Link._hand_over",  "after",  3, (1,)),
)
_HELD = _points(
    "held",
    ("held retry: taken",                 "store.ledger:again",             "after",  1, (1,)),
    ("held retry: inside (B)",            "store.ledger:settle",            "after",  2, (1,)),
    ("held retry: (B) committed",         "mailgate.intake:settle",         "after",  2, (1,)),
    ("held retry: before MOVE",           "imapclient:IMAPClient.move",     "before", 2, (1,)),
    ("held retry: after MOVE",            "imapclient:IMAPClient.move",     "after",  2, (1,)),
    ("held retry: inside the last note",  "store.ledger:refiled",           "after",  2, (1,)),
    ("held retry: noted",                 "mailgate.intake:refile",         "after",  2, (1,)),
)
_AWAY = _points(
    "away",
    ("server away: inside record",        "store.outbox:later",             "after",  3, (1,)),
    ("server away: recorded",             "mailgate.delivery:record",       "after",  3, (1,)),
    ("server away: inside release",       "store.outbox:release",           "after",  3, (1,)),
    ("server back: mail accepted",        "mailgate.smtp:Link._hand_over",  "after",  3, (1,)),
)
_TICKER = [
    *_points(
        "reminder",
        ("timer found due",                "store.timers:due",              "after",  2, (1,)),
        ("firing: timer gone",             "store.timers:fired",            "after",  2, (1, 2)),
        ("firing: closing moved",          "store.timers:move",             "after",  2, (1,)),
        ("firing: effects applied",        "mailgate.effects:apply",        "after",  3, (1, 2)),
        ("one fired, the next not",        "mailgate.ticker:_fire",         "before", 2, (2,)),
        ("all fired",                      "mailgate.ticker:step",          "after",  3, (1,)),
        ("reminder accepted",              "mailgate.smtp:Link._hand_over", "after",  3, (1, 2)),
        ("reminder taken, noted",          "store.sent:SentLog.add",        "after",  3, (1,)),
    ),
    *_points(
        "closing",
        ("closing: timer gone",            "store.timers:fired",            "after",  2, (1,)),
        ("closing: clocks set",            "store.timers:set_all",          "after",  2, (1,)),
        ("closing: mail queued",           "store.outbox:enqueue",          "after",  3, (1,)),
        ("closing: fired",                 "mailgate.ticker:step",          "after",  3, (1,)),
        ("closing: mail accepted",         "mailgate.smtp:Link._hand_over", "after",  3, (1,)),
    ),
]
# fmt: on

POINTS = [*_START, *_INTAKE, *_DELIVERY, *_CONFIRM, *_HELD, *_AWAY, *_TICKER]
BY_NAME = {point.name: point for point in POINTS}
assert len(BY_NAME) == len(POINTS)
