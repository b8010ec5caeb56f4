"""A mail's copy read: bytes go in, what is known of the mail comes out. No state, no lock."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from mailgate.parse import parse
from mailgate.verdicts import PERSON, Judged, judge
from rules.model import Mail, Taken

log = logging.getLogger(__name__)

TRIES = 2  # taken so often without an outcome, a mail may be what kills the process


@dataclass(frozen=True, slots=True)
class Reading:
    """A copy and the mail in it, or why nothing may come of it."""

    taken: Taken
    mail: Mail | None
    refusal: str = ""
    judged: Judged = PERSON


def read(taken: Taken, keep: frozenset[str], refusal: str = "") -> Reading:
    """Parses one copy; `keep` names further headers that are wanted (see `parse`).

    `refusal` says why nothing may come of it. `parse` does not raise, but one mail must not
    stop the rest.
    """
    if refusal and taken.attempts > TRIES:
        return Reading(taken, None, refusal)
    try:
        mail = parse(taken.raw, taken.received, keep)
        judged = PERSON if taken.credential else judge(taken.raw, mail)
        return Reading(taken, mail, refusal, judged)
    except Exception as error:
        log.exception("ledger line %d: parsing failed", taken.id)
        return Reading(taken, None, refusal or f"cannot be parsed: {type(error).__name__}")
