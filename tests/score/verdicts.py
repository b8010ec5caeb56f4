"""Verdicts: bounces, automatic mail, and ordinary mail left alone.

By the field `kind` of expected.jsonl (bodies, of kind text or html, are no mails):

- bounces: the 234 of kind bounce in bounces-flufl (106), bounces-perl (119),
  bounces-flanker (7), parse-enmime (1) and parse-phpimap (1). A false alarm is any mail of
  a kind that is neither bounce nor delayed and that is held to be a bounce.
- failed recipient: those of them whose origin names recipients. Delay notices: the 15 of
  kind delayed; right is to recognise the report and to take it for no failure.
- machine mail: 262, which are bounce (234), delayed (15), feedback_report (2),
  disposition_notification (1), auto_reply (6) and challenge (4). The last two are the 10
  vacation and challenge mails. Right is any verdict but a list's.
- ordinary: kind ordinary, and the whole mails (kind eml) of reply-talon. Lists have a row
  of their own: nobody answers them, and no person is kept from writing to one.

Out of reach by any sign in the mail itself: four spam mails of bounces-perl that carry no
word of a bounce (spam-bogus-email-in-report, spam-lots-of-bogus-addresses,
spam-with-badly-parsed-email, spam-with-image), an answer that Outlook wrote
(bounces-flufl/groupwise_03) and an auto-reply (bounces-flufl/qmail_08), all six of kind
bounce; and bounces-perl/whitelist, of kind challenge, which is a report of a failure in
every field. So 228 with one false alarm is what a sound rule can reach here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailgate.bounces import Bounce
from mailgate.parse import parse
from mailgate.verdicts import Judged, judge
from rules.model import Kind
from tests.score.corpus import Row, Sample, samples

MACHINES = ("bounce", "delayed", "feedback_report", "disposition_notification")
ANSWERS = ("auto_reply", "challenge")
Seen = list[tuple[Sample, Judged]]


def rows() -> list[Row]:
    seen = [(one, judge(one.data, parse(one.data))) for one in samples() if _kind(one)]
    bounces, delays = _of(seen, "bounce"), _of(seen, "delayed")
    others = _of(seen, "ordinary", "list", "feedback_report", "disposition_notification", *ANSWERS)
    named = [(one, found) for one, found in bounces if one.expected.get("recipients")]
    false = _share("bounces: false alarms", others, _is_bounce, 1)
    return [
        _share("bounces: recognised", bounces, _is_bounce, 230),
        Row(false.what, false.got, false.of, 1, at_most=True, wrong=_names(others, _is_bounce)),
        _share("bounces: failed recipients right", named, _right_recipients, len(named)),
        _share("delay notices: no failure", delays, _is_harmless, 13),
        _share("automatic: machine mail", _of(seen, *MACHINES, *ANSWERS), _is_machine, 255),
        _share("automatic: vacation and challenge mails", _of(seen, *ANSWERS), _is_machine, 10),
        _share("automatic: lists", _of(seen, "list"), _has_verdict, len(_of(seen, "list"))),
        _share("automatic: ordinary mails left alone", _of(seen, "ordinary"), _has_none, 65),
    ]


def _kind(one: Sample) -> str:
    """The kind of a labelled mail, "" for what has none or is ambiguous."""
    kind = str(one.expected.get("kind", ""))
    known = (*MACHINES, *ANSWERS, "list", "ordinary")
    return "ordinary" if kind == "eml" else kind if kind in known else ""


def _of(seen: Seen, *kinds: str) -> Seen:
    return [(one, found) for one, found in seen if _kind(one) in kinds]


def _share(what: str, seen: Seen, right: Callable[[Sample, Judged], bool], target: int) -> Row:
    wrong = _names(seen, lambda one, found: not right(one, found))
    return Row(what, len(seen) - len(wrong), len(seen), target, wrong=wrong)


def _names(seen: Seen, which: Callable[[Sample, Judged], bool]) -> tuple[str, ...]:
    return tuple(one.name for one, found in seen if which(one, found))


def _is_bounce(_one: Sample, found: Judged) -> bool:
    return found.verdict is not None and found.verdict.kind is Kind.BOUNCE


def _is_machine(one: Sample, found: Judged) -> bool:
    return _has_verdict(one, found) and not _is_list(found)


def _is_list(found: Judged) -> bool:
    return found.verdict is not None and found.verdict.kind is Kind.LIST


def _has_verdict(_one: Sample, found: Judged) -> bool:
    return found.verdict is not None


def _has_none(_one: Sample, found: Judged) -> bool:
    return found.verdict is None


def _is_harmless(_one: Sample, found: Judged) -> bool:
    bounce = found.bounce
    return found.verdict is not None and (bounce is None or bounce.harmless)


def _right_recipients(one: Sample, found: Judged) -> bool:
    bounce = found.bounce or Bounce((), (), (), ())
    expected: Iterable[str] = one.expected["recipients"]
    return {failure.recipient for failure in bounce.failed} == {each.lower() for each in expected}
