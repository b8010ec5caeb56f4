"""A mail judged: did a program write it, and which mails of ours does it bring back?"""

from __future__ import annotations

from dataclasses import dataclass

from mailgate import bounces, formless
from mailgate.bounces import Bounce
from rules import automatic, automatic_text
from rules.model import Kind, Mail, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict | None  # None: a person may have written it
    bounce: Bounce | None  # of a verdict of that kind


PERSON = Judged(None, None)


def judge(raw: bytes, mail: Mail) -> Judged:
    """The verdict on `mail`, parsed from `raw`, and what it reports of mails of ours.

    Raises nothing but MemoryError, and takes linear time.
    """
    verdict = automatic.verdict(mail)
    suspect = verdict is None and automatic_text.tells_of_failure(mail)
    if verdict and verdict.kind is Kind.BOUNCE:
        return Judged(verdict, _bounce(raw, mail))
    if verdict and mail.is_report:
        report = bounces.read(raw)  # a rejection may come as a read receipt
        if report and report.rejected:
            reason = f"{verdict.reason} It says that the mail was rejected."
            return Judged(Verdict(Kind.BOUNCE, reason), report)
    if suspect and automatic_text.impersonal(mail):
        words = formless.read(raw, mail)
        top = automatic_text.said(mail)  # further down somebody quotes or forwards
        named = [one for one in (*words.failed, *words.delayed) if one.recipient in top]
        if named:
            reason = f"Subject and text tell of a delivery failure to {named[0].recipient}."
            return Judged(Verdict(Kind.BOUNCE, reason, sure=False), words)
    return Judged(verdict, None)


def _bounce(raw: bytes, mail: Mail) -> Bounce:
    """A report as RFC 3464 has it; where it names nobody, what its words say beside it."""
    report = bounces.read(raw, known=True)
    if report and (report.failed or report.delayed or report.fine):
        return report
    words = formless.read(raw, mail)
    if report is None:
        return words
    return Bounce(
        words.failed,
        words.delayed,
        report.references or words.references,
        report.message_ids or words.message_ids,
    )
