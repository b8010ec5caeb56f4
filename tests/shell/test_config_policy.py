"""Mistakes in the tables of config.toml, states and notifications, each with line and key."""

import re
from pathlib import Path

import pytest

from tests.shell.configs import (
    FIVE,
    NOTIFY_NOTE,
    NOTIFY_REMINDER,
    STATES,
    problems,
    row,
    states,
)

# name: text, line and key of the mistake, words of the message
BAD: dict[str, tuple[str, str, str]] = {
    # states
    "no state new": (
        FIVE + "[states.open]\nlabel = 'O'\n" + NOTIFY_NOTE,
        "6: states:",
        "[states.new]",
    ),
    "open is final": (states("final = true\n"), "10: states.open.final:", "must be false"),
    "state name": (
        states("[states.Closed]\nlabel = 'C'\n"),
        "10: states.Closed:",
        "a state is named",
    ),
    "answer to no state": (
        states("answer = 'opne'\n"),
        "10: states.open.answer:",
        'there is no state "opne"; did you mean "open"?',
    ),
    "final with an answer": (
        states("[states.x]\nlabel = 'X'\nfinal = true\nanswer = 'open'\n"),
        "13: states.x.answer:",
        "can never happen",
    ),
    "final with a timer": (
        states("[states.x]\nlabel='X'\nfinal=true\ntimers=[{after='1h', state='open'}]\n"),
        "13: states.x.timers[1]:",
        "can never fire",
    ),
    "timer to no state": (
        states("timers = [\n{ after = '1h', state = 'gone' },\n]\n"),
        "11: states.open.timers[1].state:",
        'there is no state "gone"',
    ),
    "timer behind a closing one": (
        states("timers = [\n{after='1h', state='new'},\n{after='2h', notify='reminder'},\n]\n")
        + NOTIFY_REMINDER,
        "12: states.open.timers[2]:",
        "can never fire: the timer before it leaves the state",
    ),
    "timers unsorted": (
        states("timers = [\n{after='2h', notify='reminder'},\n{after='1h', state='new'},\n]\n")
        + NOTIFY_REMINDER,
        "12: states.open.timers[2].after:",
        "soonest first",
    ),
    "timer with both": (
        states("timers = [{after='2h', notify='reminder', state='new'}]\n") + NOTIFY_REMINDER,
        "10: states.open.timers[1]:",
        "one of the two",
    ),
    "timer with neither": (
        states("timers = [{after='2h'}]\n"),
        "10: states.open.timers[1]:",
        "one of the two",
    ),
    "timer to its own state": (
        states("timers = [{after='2h', state='open'}]\n"),
        "10: states.open.timers[1].state:",
        'in "open" already',
    ),
    "timer that reminds nobody": (
        states("timers = [{after='2h', notify='reminder'}]\n"),
        "10: states.open.timers[1].notify:",
        "reminds nobody",
    ),
    "timer with another notice": (
        states("timers = [{after='2h', notify='note'}]\n"),
        "10: states.open.timers[1].notify:",
        'must be "" or "reminder", not "note"',
    ),
    "time span as a number": (
        states("timers = [{after=48, state='new'}]\n"),
        "10: states.open.timers[1].after:",
        "time span in quotes",
    ),
    "time span without a unit": (
        states("timers = [{after='48', state='new'}]\n"),
        "10: states.open.timers[1].after:",
        "time span in quotes",
    ),
    "time span 0": (
        states("timers = [{after='0h', state='new'}]\n"),
        "10: states.open.timers[1].after:",
        "longer than 0",
    ),
    "time span of a century": (
        states("timers = [{after='999999999w', state='new'}]\n"),
        "10: states.open.timers[1].after:",
        "at most 3650 days",
    ),
    "keyword of two states": (
        states("keywords = ['résolu']\n[states.x]\nlabel = 'X'\nkeywords = ['RESOLU']\n"),
        "13: states.x.keywords[1]:",
        "keyword of states.open already",
    ),
    "keyword of mailgate": (
        states("keywords = ['Reponse']\n"),
        "10: states.open.keywords[1]:",
        "mailgate's own keyword #réponse",
    ),
    "keyword with a sign": (
        states("keywords = ['#x']\n"),
        "10: states.open.keywords[1]:",
        'without "#"',
    ),
    # notify
    "state row without state": (row(on="'state'"), "6: notify[1]:", "needs state"),
    "state that is none": (
        row(on="'state'", state="'clsed'"),
        "10: notify[1].state:",
        'did you mean "closed"?',
    ),
    "state without on": (
        row(on="'note'", state="'open'"),
        "10: notify[1].state:",
        'on = "state" only, not with "note"',
    ),
    "fold without on": (row(on="'note'", fold="true"), "10: notify[1].fold:", 'on = "state" only'),
    "copies of a note": (
        row(on="'note'", to="['owner', 'copies']"),
        "7: notify[1].to:",
        '"copies" goes with on = "reply" only',
    ),
    "address of a note": (row(on="'note'", to="'address'"), "7: notify[1].to:", "transfer"),
    "agent of a note": (row(on="'note'", to="'agent'"), "7: notify[1].to:", "trouble"),
    "nobody": (row(on="'note'", to="[]"), "7: notify[1].to:", "or a list of these"),
    "to somebody else": (
        row(on="'note'", to="'boss'"),
        "7: notify[1].to[1]:",
        'must be "requester", "agents"',
    ),
    "impossible cause": (
        row(on="'reply'", by="'timer'"),
        "10: notify[1].by:",
        '"reply" is never by "timer"; possible: anyone, agent',
    ),
    "unknown cause": (row(on="'note'", by="'me'"), "10: notify[1].by:", '"unverified"'),
    "row that never matches": (
        row(on="'note'", by="'agent'") + "[[notify]]\non='note'\nby='agent'\nto='owner'\ntag='U'\n",
        "15: notify[3]:",
        "can never match: notify[1]",
    ),
    "row behind anyone's": (
        row(on="'note'") + "[[notify]]\non='note'\nby='agent'\nto='owner'\ntag='U'\n",
        "14: notify[3]:",
        "can never match: notify[1]",
    ),
    "tag empty": (row(on="'note'", tag="''"), "8: notify[1].tag:", "1 to 40"),
    "tag with a bracket": (row(on="'note'", tag="'a]'"), "8: notify[1].tag:", "brackets"),
    "tag too long": (row(on="'note'", tag=f"'{'x' * 41}'"), "8: notify[1].tag:", "1 to 40"),
    "template": (row(on="'note'", template="'../x'"), "10: notify[1].template:", "template name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad(tmp_path: Path, case: str) -> None:
    text, where, words = BAD[case]
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(f"config.toml:{where}")
    assert words in found[0]


def test_own_states_without_those_of_the_shipped_notifications(tmp_path: Path) -> None:
    found = problems(tmp_path, FIVE + STATES)
    assert [re.sub(r":[0-9]+:", ":", line) for line in found] == [
        f'config.toml (shipped): notify[{rank}].state: there is no state "{state}";'
        " add it to your [states], or write [[notify]] rows of your own"
        for rank, state in [(9, "waiting"), (10, "resolved"), (11, "closed"), (12, "unanswered")]
    ]
