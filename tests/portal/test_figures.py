"""The desk's figures: what tickets went through on the road, counted, drawn, written as CSV."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest

from mailgate.portal import figures
from mailgate.portal.charts import columns, histogram, rows
from mailgate.portal.figures import Sheet, comma_separated, gather
from rules.figures import Line, Promise
from rules.model import AddEntry, Address, EntryKind
from store import tickets
from tests.portal.portal import MARIE, RH, SEB, Portal, running

START = datetime(2026, 7, 20, 8, tzinfo=UTC)  # a Monday, ten o'clock in Paris
OPEN = "/agent/figures"


@pytest.fixture
def desk(portal: Portal) -> Portal:
    """A desk whose clock stands on a Monday morning and is moved by the tests."""
    portal.ahead.append(START - portal.desk.now())
    return portal


def later(desk: Portal, **span: float) -> None:
    desk.ahead.append(timedelta(**span))


def sheet(desk: Portal, weeks: int = 4) -> Sheet:
    return gather(desk.desk, weeks, desk.desk.now())


def minutes(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds() / 60)


def brief(line: Line) -> tuple[int, int, int | None, int, int | None]:
    """(opened, answered, median minutes, closed, median minutes)."""
    answer, solution = minutes(line.answer.median), minutes(line.solution.median)
    return line.opened, line.answer.count, answer, line.closed, solution


def test_a_desk_without_tickets(desk: Portal) -> None:
    found = sheet(desk)
    assert brief(found.whole) == (0, 0, None, 0, None)
    assert [brief(line) for line in found.lines] == [(0, 0, None, 0, None)] * 4
    assert found.standing == []
    with desk.board() as client:
        page = client.get(OPEN).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Aucun ticket sur cette période." in page
    assert "Aucun ticket n'est ouvert." in page


def test_one_ticket_from_its_opening_to_its_end(desk: Portal) -> None:
    desk.opening()
    later(desk, minutes=10)
    assert brief(sheet(desk).whole) == (1, 0, None, 0, None)
    desk.say("#interne\nQui la prend ?")  # for agents alone
    later(desk, minutes=10)
    desk.say(f"#transfert {RH.email}\nPouvez-vous confirmer ?")  # to somebody else
    later(desk, minutes=10)
    desk.say("Bonjour Marie, je regarde.")
    assert brief(sheet(desk).whole) == (1, 1, 30, 0, None)
    later(desk, minutes=30)
    desk.say("Encore un mot.")
    desk.say("#résolu\nC'est fait.")
    found = sheet(desk)
    assert brief(found.whole) == (1, 1, 30, 0, None)
    assert [(one.state, one.count) for one in found.standing] == [("resolved", 1)]
    later(desk, days=7)  # closed a week after it was solved
    desk.say("#clôturé")
    found = sheet(desk)
    assert [brief(line) for line in found.lines[-2:]] == [
        (1, 1, 30, 0, None),
        (0, 0, None, 1, 60),
    ]
    assert found.standing == []
    later(desk, weeks=3)
    assert brief(sheet(desk).whole) == (0, 0, None, 1, 60)  # opened before the period


def test_a_reopened_ticket_is_closed_once(desk: Portal) -> None:
    desk.opening()
    later(desk, hours=1)
    desk.say("#clôturé")
    assert brief(sheet(desk).whole) == (1, 1, 60, 1, 60)  # to close it was an answer
    later(desk, hours=1)
    desk.say("#rouvrir\nPas encore.")
    assert brief(sheet(desk).whole) == (1, 1, 60, 0, None)
    later(desk, days=7)
    desk.say("#clôturé")
    assert [brief(line)[3:] for line in sheet(desk).lines[-2:]] == [(0, None), (1, 7 * 1440 + 120)]


def test_merged_tickets_count_as_one(desk: Portal) -> None:
    for _ in range(3):
        desk.opening()
        later(desk, minutes=10)
    desk.say("#fusionner 1", number=2)
    assert sheet(desk).whole.opened == 2
    later(desk, minutes=10)
    desk.say("C'est pour vous.", number=2)  # read by the people of the merged ticket alone
    assert sheet(desk).whole.answer.count == 0
    desk.say("Voilà.")
    desk.say("#clôturé")
    found = sheet(desk)
    assert brief(found.whole) == (2, 1, 40, 1, 40)
    assert [(one.state, one.count) for one in found.standing] == [("new", 1)]


def entry(desk: Portal, entry: AddEntry, number: int = 1) -> None:
    with desk.desk.db.transaction() as tx:
        tickets.load(tx, number)
        tickets.add_entry(tx, number, entry, desk.desk.now(), None)


@pytest.mark.parametrize(
    "said",
    [
        AddEntry(EntryKind.NOTE, SEB, "Absent", verified=True, automatic="a header"),
        AddEntry(EntryKind.AUTO_REPLY, SEB, "Absent", verified=True, automatic="a header"),
        AddEntry(EntryKind.NOTE, SEB, "Sans preuve"),
        AddEntry(EntryKind.NOTE, SEB, "Entre nous", verified=True, internal=True),
        AddEntry(EntryKind.NOTE, MARIE, "Encore moi", verified=True),
        AddEntry(EntryKind.NOTE, RH, "Pas moi", verified=True),
        AddEntry(EntryKind.STATE, SEB, "waiting", verified=True),
        AddEntry(EntryKind.STATE, None, "closed"),  # a clock
    ],
    ids=lambda one: f"{one.kind}-{one.text}",
)
def test_what_is_no_first_answer(desk: Portal, said: AddEntry) -> None:
    desk.opening()
    later(desk, minutes=5)
    entry(desk, said)
    assert sheet(desk).whole.answer.count == 0


def test_a_machine_waits_for_no_answer(desk: Portal) -> None:
    number = _opened(desk, MARIE, automatic="a header")
    desk.say("Vu.", number=number)
    found = sheet(desk)
    assert (found.whole.opened, found.whole.answer.count) == (1, 0)


def test_agents_do_not_answer_themselves(desk: Portal) -> None:
    number = _opened(desk, SEB)
    entry(desk, AddEntry(EntryKind.NOTE, SEB, "Encore un mot.", verified=True), number)
    assert sheet(desk).whole.answer.count == 0


def _opened(desk: Portal, requester: Address, automatic: str = "") -> int:
    now = desk.desk.now()
    with desk.desk.db.transaction() as tx:
        number = tickets.open_ticket(tx, "Disque plein", requester, "new", 1, now).number
        words = AddEntry(EntryKind.OPENING, requester, "95 %", automatic=automatic)
        tickets.add_entry(tx, number, words, now, None)
    return number


def test_who_answered_as_an_agent_stays_one(tmp_path: Path) -> None:
    """Taken out of the configuration: what was answered stays answered."""
    other = '\n[[agents]]\nname = "Nadia"\naddress = "nadia@fram.example"\n'
    with running(tmp_path, more=other) as desk:
        desk.opening()
        desk.say("Bonjour Marie.", agent=Address("nadia@fram.example", "Nadia"))
        assert sheet(desk).whole.answer.count == 1
    with running(tmp_path) as desk:
        assert sheet(desk).whole.answer.count == 1


def test_a_week_begins_in_the_desks_own_zone(desk: Portal) -> None:
    later(desk, days=6, hours=13, minutes=59)  # Sunday, 23:59 in Paris
    desk.opening()
    later(desk, minutes=1)
    desk.opening()
    assert [line.opened for line in sheet(desk).lines] == [0, 0, 1, 1]


def test_the_promised_time(tmp_path: Path) -> None:
    with running(tmp_path, MAILGATE_DESK__ANSWER_WITHIN="4h") as desk:
        desk.ahead.append(START - desk.desk.now())
        for _ in range(3):
            desk.opening()
        later(desk, hours=3, minutes=55)  # the desk's clock goes on by itself
        desk.say("À temps.")
        later(desk, minutes=6)
        desk.say("Trop tard.", number=2)
        _opened(desk, MARIE, automatic="a header")
        assert sheet(desk).promise == Promise(1, 3)
        with desk.board() as client:
            page = client.get(OPEN).text
            table = client.get(f"{OPEN}.csv").text
    assert re.search(r"Première réponse promise sous 4\sh\.", page)
    assert re.search(r"Sur 3 réponses dues, 1 à temps\s: 33\s%\.", page)
    assert re.search(r"^answer_due,[\d/-]+,3,,\r$", table, re.MULTILINE)
    assert re.search(r"^answered_in_time,[\d/-]+,1,,\r$", table, re.MULTILINE)


@pytest.fixture(params=["fr", "en"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Portal]:
    """Tickets in every state, one of them in a state that the configuration has lost."""
    with running(tmp_path, language=request.param, MAILGATE_DESK__ANSWER_WITHIN="4h") as desk:
        desk.ahead.append(START - desk.desk.now())
        ends = ["", "Un mot.", "#attente\nQui ?", "#résolu\nFait.", "#clôturé\nFait."]
        for number, words in enumerate(ends, 1):
            desk.opening()
            later(desk, hours=number)
            if words:
                desk.say(words, number=number)
        with desk.desk.db.transaction() as tx:
            tickets.load(tx, 1)
            tickets.change(tx, 1, desk.desk.now(), state="supplier")
        yield desk


def test_the_page(full: Portal) -> None:
    with full.board() as client:
        for weeks in ("", "?weeks=4", "?weeks=52", "?weeks=0", "?weeks=x"):
            page = client.get(OPEN + weeks)
            assert page.status_code == 200
            chosen = re.findall(r'<option value="(\d+)" selected', page.text)
            assert chosen == [weeks[7:] if weeks[7:] in ("4", "52") else "12"]
            rows_of = page.text.partition('id="weekly-t"')[2].partition("</tbody>")[0]
            assert rows_of.count('<th scope="row">') == int(chosen[0])
    assert "supplier" in page.text
    assert "de votre part" not in page.text  # agents read their own words
    french = 'lang="fr"' in page.text
    assert ("4 tickets sont ouverts." if french else "4 tickets are open.") in page.text


def test_the_csv_is_plain_and_harmless(full: Portal) -> None:
    with full.board() as client:
        answer = client.get(f"{OPEN}.csv?weeks=4")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="figures-2026-W27-2026-W30.csv"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("\r\n")
    assert "\n" not in answer.text.replace("\r\n", "")
    table = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert {len(record) for record in table} == {5}
    # Nobody's words: no spreadsheet takes such a cell for a formula.
    assert all(re.fullmatch(r"|[a-z0-9][\w/-]*", cell, re.I) for row in table for cell in row)
    assert ["closed", "2026-W29", "0", "", ""] in table
    found = {
        tuple(row[:3]): [round(int(cell) / 60) for cell in row[3:] if cell] for row in table[1:]
    }
    answered = [pytest.approx(210, abs=1), pytest.approx(282, abs=1)]  # of 2, 3, 4 and 5 hours
    assert found["opened", "2026-W30", "5"] == answered
    assert found["opened", "2026-06-29/2026-07-26", "5"] == answered
    assert found["closed", "2026-W30", "1"] == [pytest.approx(300, abs=1)] * 2
    assert table[-4:] == [
        ["open", state, "1", "", ""] for state in ("open", "waiting", "resolved", "supplier")
    ]


def test_figures_are_counted_once_a_minute(desk: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def gathered(*args: object) -> Sheet:
        counted.append(args[1])
        return gather(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(figures, "gather", gathered)
    with desk.board() as client:
        for _ in range(3):
            client.get(OPEN)
            client.get(f"{OPEN}.csv")
        client.get(f"{OPEN}?weeks=4")
        later(desk, minutes=1)
        client.get(OPEN)
    assert counted == [12, 4, 12]


@pytest.mark.parametrize(
    ("counts", "lines", "heights"),
    [
        ([0, 0], [0, 1], [0, 0]),
        ([1, 0], [0, 1], [148, 0]),
        ([4, 2], [0, 1, 2, 3, 4], [148, 74]),
        ([5, 10], [0, 5, 10], [74, 148]),
        ([7, 41], [0, 20, 40], [25.3, 148]),
        ([900, 0], [0, 500], [148, 0]),
    ],
)
def test_columns(counts: list[int], lines: list[int], heights: list[float]) -> None:
    drawn = columns(["29", "30"], counts, counts[::-1])
    assert [value for _, value in drawn.lines] == lines
    first, second = drawn.series
    assert [bar.height for bar in first] == heights
    assert [bar.height for bar in second] == heights[::-1]
    assert all(bar.y + bar.height == pytest.approx(drawn.base) for bar in (*first, *second))
    edges = [(bar.x, bar.x + bar.width) for bar in sorted((*first, *second), key=lambda b: b.x)]
    assert all(left[1] < right[0] for left, right in pairwise(edges))
    assert edges[-1][1] <= 100


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (12, 12), (13, 13), (26, 13), (52, 13)])
def test_names_below_an_axis_fit(count: int, shown: int) -> None:
    names = [str(rank) for rank in range(count)]
    drawn = columns(names, [0] * count, [0] * count)
    assert len(drawn.names) == shown
    assert drawn.names[-1][1] == names[-1]


def test_a_histogram_and_lying_bars_reach_their_edges() -> None:
    bars = histogram([0, 2, 4])
    assert [bar.height for bar in bars] == [0, 64, 128]
    assert bars[-1].x + bars[-1].width <= 100
    assert [bar.height for bar in histogram([0, 0])] == [0, 0]
    assert [(row.top, row.width) for row in rows([("a", 4), ("b", 1)])] == [(0, 100), (44, 25)]


def test_csv_of_a_desk_without_tickets(desk: Portal) -> None:
    table = comma_separated(sheet(desk)).split("\r\n")
    assert table[0] == "figure,of,tickets,median_seconds,p90_seconds"
    assert set(table[1:-1]) == {
        f"{figure},{of},0,,"
        for figure in ("opened", "closed")
        for of in ("2026-W27", "2026-W28", "2026-W29", "2026-W30", "2026-06-29/2026-07-26")
    }
