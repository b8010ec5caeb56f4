"""Replies: the new text of labelled answers.

A mail is right as its origin says: `expected_reply` and `expected_html` by the text that
they show, `must_contain`, `must_not_contain` and `starts_with` all of them, `max_seconds`
as the time it takes, `type` as a quote that is found. White space counts as one blank.
"""

from __future__ import annotations

import re
import time
from typing import Any

from mailgate import htmltext, reply
from mailgate.parse import parse
from rules.model import Reply
from tests.score.corpus import Row, Sample, samples

_TYPES = {"text": "text/plain", "html": "text/html"}
_FRAGMENTS = ("must_contain", "must_not_contain", "starts_with")


def rows() -> list[Row]:
    known = [sample for sample in samples() if sample.folder.startswith("reply-")]
    answers = [sample for sample in known if _is_answer(sample.expected)]
    others = [sample for sample in known if sample not in answers]
    wrong = {id(sample): _wrong(sample) for sample in known}
    lost = [sample.name for sample in known if _lost(sample.expected, _split(sample).text)]
    return [
        _row("replies: new text right", answers, wrong, 140),
        _row("replies: forwards, HTML parts, time limits right", others, wrong, len(others)),
        Row("replies: whole new text lost", len(lost), len(known), 0, True, tuple(lost)),
    ]


def _row(what: str, among: list[Sample], wrong: dict[int, bool], target: int) -> Row:
    names = tuple(sample.name for sample in among if wrong[id(sample)])
    return Row(what, len(among) - len(names), len(among), target, wrong=names)


def _is_answer(expected: dict[str, Any]) -> bool:
    """Whether its origin says what the new text of an answer is, or what it holds."""
    labelled = "expected_reply" in expected or any(key in expected for key in _FRAGMENTS)
    return labelled or expected.get("type") == "reply"


def _split(sample: Sample) -> Reply:
    """The mail's text cut in two; where nothing is new, all of it, as from a requester."""
    data = sample.data
    if kind := _TYPES.get(sample.expected["kind"]):
        data = f"Content-Type: {kind}; charset=utf-8\n\n".encode() + data
    mail = parse(data)
    by = sample.expected.get("sender") or (mail.sender.name if mail.sender else "")
    cut = reply.split(mail.text, mail.html, by)
    border_only = "expected_html" in sample.expected or "type" in sample.expected
    return cut if cut.text or border_only else Reply(mail.text)


def _wrong(sample: Sample) -> bool:
    expected, started = sample.expected, time.perf_counter()
    cut = _split(sample)
    if time.perf_counter() - started > expected.get("max_seconds", 60):
        return True
    new = _collapsed(cut.text)
    if "expected_reply" in expected:
        blank = "" if "compare" in expected else " "  # "ignore all white space"
        return new.replace(" ", blank) != _collapsed(expected["expected_reply"]).replace(" ", blank)
    if "expected_html" in expected:
        return new != _collapsed(htmltext.text(expected["expected_html"]))
    if "type" in expected:
        return not cut.rest
    return not (
        all(_collapsed(words) in new for words in expected.get("must_contain", ()))
        and not any(_collapsed(words) in new for words in expected.get("must_not_contain", ()))
        and new.startswith(_collapsed(expected.get("starts_with", "")))
        and (expected.get("signature") != "" or not cut.rest)
    )


def _lost(expected: dict[str, Any], new: str) -> bool:
    """Whether words were expected and none of them is there."""
    wanted = [
        expected.get("expected_reply", ""),
        htmltext.text(expected.get("expected_html", "")),
        expected.get("starts_with", ""),
        *expected.get("must_contain", ()),
    ]
    words = re.findall(r"\w+", " ".join(wanted))
    return bool(words) and not any(word in new for word in words)


def _collapsed(text: str) -> str:
    return " ".join(text.split())
