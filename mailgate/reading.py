"""A mail's copy read: bytes go in, what is known of the mail comes out. No state, no lock."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from mailgate import mimetree, reply
from mailgate.attachments import files_in, fitting
from mailgate.parse import parse
from mailgate.verdicts import PERSON, Judged, judge
from rules.model import Mail, Reply, Taken

log = logging.getLogger(__name__)

TRIES = 2  # taken so often without an outcome, a mail may be what kills the process


class Wanted(NamedTuple):
    """What of a mail a desk wants to know."""

    headers: frozenset[str] = frozenset()  # kept beside those of `parse`, lower case
    files: int = 0  # bytes of attachments that may ride along with one mail


@dataclass(frozen=True, slots=True)
class Reading:
    """A copy and the mail in it, or why nothing may come of it."""

    taken: Taken
    mail: Mail | None
    refusal: str = ""
    judged: Judged = PERSON
    cut: Reply | None = None  # what `reply.split` makes of it, where it may be an answer
    files: Mapping[str, bytes] = field(default_factory=dict)  # what may ride along, by part


def read(
    taken: Taken, wanted: Wanted, refusal: str = "", files: AbstractSet[str] = frozenset()
) -> Reading:
    """Parses one copy, and does with it beforehand what needs neither its ticket nor a lock.

    `refusal` says why nothing may come of it, `files` are parts that are no text. `parse` does
    not raise, but one mail must not stop the rest.
    """
    if refusal and taken.attempts > TRIES:
        return Reading(taken, None, refusal)
    try:
        tree = mimetree.tree(taken.raw)
        mail = parse(taken.raw, taken.received, wanted.headers, tree, files)
        judged = PERSON if taken.credential else judge(taken.raw, mail)
        cut = None
        if not taken.credential and (mail.cited or "#" in mail.subject):
            cut = reply.of_mail(mail)
        fit = fitting(mail.attachments, wanted.files)
        riding = files_in(tree, [one.part for one in fit])
        return Reading(taken, mail, refusal, judged, cut, riding)
    except Exception as error:
        log.exception("ledger line %d: parsing failed", taken.id)
        return Reading(taken, None, refusal or f"cannot be parsed: {type(error).__name__}")
