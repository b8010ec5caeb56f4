"""Search: what people type finds the tickets they mean, whatever the characters."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import AddEntry, Address, EntryKind
from store import search, tickets
from store.db import Database
from store.search import Term, find, terms
from store.work import Transaction
from tests.store.test_schema import upgrade

NOW = datetime(2026, 7, 20, tzinfo=UTC)
MARIE = Address("marie.dupont@fram.example", "Marie DUPONT")
ANNE = Address("anne@rh.example", "Anne Lefèvre")
ALL_TERMS = "select term, doc, offset from temp.vocab order by 1, 2, 3"


@dataclass
class Shelf:
    """A database of tickets, written as intake writes them."""

    db: Database

    def open(self, subject: str, requester: Address | None, *texts: str, first: int = 1) -> int:
        with self.db.transaction() as tx:
            number = tickets.open_ticket(tx, subject, requester, "new", first, NOW).number
            for words in texts:
                self.say(tx, number, EntryKind.NOTE, words)
        return number

    def say(self, tx: Transaction, number: int, kind: EntryKind, words: str) -> None:
        tickets.load(tx, number)
        entry = AddEntry(kind, MARIE, words, internal=kind is EntryKind.INTERNAL)
        tickets.add_entry(tx, number, entry, NOW, None)

    def find(self, typed: str, limit: int = 50, offset: int = 0) -> list[int]:
        with self.db.reading() as tx:
            return find(tx, typed, limit=limit, offset=offset)

    def indexed(self) -> list[tuple[object, ...]]:
        """Every word of the index, with where it stands."""
        with self.db.transaction() as tx:
            run = tx.connection.exec_driver_sql
            run("create virtual table temp.vocab using fts5vocab(main, search, instance)")
            found = [tuple(row) for row in run(ALL_TERMS).all()]
            run("drop table temp.vocab")
        return found


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with closing(Database(f"sqlite:///{tmp_path / 'mailgate.db'}")) as db:
        db.migrate()
        yield Shelf(db)


@pytest.fixture
def desk(shelf: Shelf) -> Shelf:
    """Tickets 1896 to 1900."""
    shelf.open("Badge perdu", ANNE, "Il me faut un nouveau badge.", first=1896)
    shelf.open("Écran noir", MARIE, "L'écran du poste TLS-PC-07 reste noir.\nC'est urgent.")
    shelf.open("Arrivée de Jean MARTIN", MARIE, "Un poste neuf.", "Dossier résolu, badge remis.")
    shelf.open("Imprimante", ANNE, "Le code affiché est 1898, puis 50%_fini.")
    shelf.open("", None)
    with shelf.db.transaction() as tx:
        shelf.say(tx, 1900, EntryKind.INTERNAL, "Entre agents : serveur Éole.")
        shelf.say(tx, 1900, EntryKind.STATE, "waiting")
    return shelf


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("noir", [1897]),
        ("NOIR", [1897]),
        ("resolu", [1898]),
        ("RÉSOLU", [1898]),
        ("ecran", [1897]),
        ("eole", [1900]),  # an internal note
        ("dupont", [1898, 1897]),
        ("Lefevre", [1899, 1896]),
        ("marie.dupont@fram.example", [1898, 1897]),
        ("anne@rh", [1899, 1896]),
        ("badge", [1896, 1898]),  # in the subject, then in what was said
        ("poste", [1898, 1897]),  # both in what was said: the newest first
        ("badge martin", [1898]),  # one in an entry, the other in the subject
        ("poste urgent", [1897]),  # entries of two tickets, one has both
        ("badge noir", []),
        ("waiting", []),  # a change of state is no words
        ("TLS-PC-07", [1897]),
        ("l'écran", [1897]),
        ("l’écran", [1897]),
        ('"un poste"', [1898]),
        ('"poste un"', []),
        ("« nouveau badge »", [1896]),
        ("“nouveau badge”", [1896]),
        ('« nouveau "badge »', [1896]),
        ("nouv", [1896]),  # the last word may go on
        ("nouv badge", []),
        ("badge nouv", [1896]),
        ('"nouv"', []),
        ("1898", [1898, 1899]),  # the number first, then where it was written
        ("#1898", [1898]),
        ("# 1898", [1898]),
        ("＃1898", [1898]),
        ("[FRAM][#1898]", [1898]),
        ("[fram] [ #1898 ]", [1898]),
        ("[FRAM][#1898][Note/Réponse] Arrivée de Jean MARTIN", [1898]),
        ("RE: TR : [FRAM][#1898][Nouveau]", [1898]),
        ("#1898 badge", [1898]),
        ("#1897 badge", []),
        ("#7", []),
        ("189", [1899]),  # the beginning of what was written, of no ticket's number
        ("50%_", [1899]),
        ("", []),
        ("   ", []),
        ("?!", []),
        ('"', []),
        ('""', []),
        ("[#]", []),
        ("badge ?!", [1896, 1898]),
        ('noir"', [1897]),
        ("noir*", [1897]),
        ("noi*", [1897]),
        ("noir AND badge", []),  # a word like any other
        ("noir OR badge", []),
        ("NOT noir", []),
        ("text:noir", []),
        ("^noir", [1897]),
        ("-noir", [1897]),
        ("(noir", [1897]),
        ("noir)", [1897]),
        ("{noir} + noir", [1897]),
        ("noir' or 1=1 --", []),
        ("noir\x00", [1897]),
        ("\ud800noir", [1897]),
        ("99999999999999999999", []),
        ("#99999999999999999999", []),
    ],
)
def test_what_is_typed_finds(desk: Shelf, typed: str, found: list[int]) -> None:
    assert desk.find(typed) == found


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("a b", (Term("a"), Term("b", prefix=True))),
        ("a b.", (Term("a"), Term("b.", prefix=True))),
        ('a "b c"', (Term("a"), Term("b c"))),
        ("12", (Term("12", 12, prefix=True),)),
        ("#12 a", (Term("", 12), Term("a", prefix=True))),
        ("[A][#12][B] c", (Term("", 12), Term("c", prefix=True))),
        ("#12a", (Term("#12a", prefix=True),)),
        ("x" * 400, (Term("x" * 300, prefix=True),)),
        ("a a b a", (Term("a"), Term("b"), Term("a", prefix=True))),
        ("a b c d e f g h i j k l", tuple(Term(one) for one in "abcdefghij")),
    ],
)
def test_terms(typed: str, understood: tuple[Term, ...]) -> None:
    assert terms(typed) == understood


def test_pages(shelf: Shelf) -> None:
    numbers = [shelf.open(f"Badge {n}", MARIE) for n in range(5)]
    pages = [shelf.find("badge", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [*pages[0], *pages[1], *pages[2]] == numbers[::-1]
    assert [len(page) for page in pages] == [2, 2, 1, 0]


def test_another_requester_is_found_and_the_first_no_more(desk: Shelf) -> None:
    with desk.db.transaction() as tx:
        tickets.load(tx, 1898)
        tickets.change(tx, 1898, NOW, state="open", requester=ANNE)
    assert desk.find("dupont") == [1897]
    assert desk.find("lefevre") == [1899, 1898, 1896]
    assert desk.find("martin") == [1898]


def _half(desk: Shelf) -> None:
    with desk.db.transaction() as tx:
        desk.say(tx, 1898, EntryKind.NOTE, "Girafe.")
        tickets.change(tx, 1898, NOW, requester=ANNE)
        tx.flush()
        assert find(tx, "girafe", limit=5) == [1898]
        raise ZeroDivisionError


def test_a_transaction_that_fails_leaves_no_trace(desk: Shelf) -> None:
    before = desk.indexed()
    with pytest.raises(ZeroDivisionError):
        _half(desk)
    assert desk.find("girafe") == []
    assert desk.indexed() == before


def test_the_migration_fills_in_what_is_there(desk: Shelf, tmp_path: Path) -> None:
    """As it would have been written with them, word for word."""
    path = tmp_path / "old.db"
    upgrade(path, "0005")
    with closing(Database(f"sqlite:///{path}")) as old, old.transaction() as tx:
        tx.connection.exec_driver_sql("commit")
        tx.connection.exec_driver_sql(f"attach '{desk.db.path}' as made")
        for table in ("ticket", "entry"):
            info = tx.connection.exec_driver_sql(f"pragma main.table_info({table})")
            known = ", ".join(row[1] for row in info)
            fill = f"insert into {table} ({known}) select {known} from made.{table}"  # noqa: S608
            tx.connection.exec_driver_sql(fill)
        tx.connection.exec_driver_sql("begin immediate")
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        filled = Shelf(db)
        assert filled.indexed() == desk.indexed() != []
        assert filled.find("resolu") == [1898]
        number = filled.open("Girafe", MARIE, first=1901)
        assert filled.find("girafe") == [number]


def test_of_a_huge_text_the_beginning_is_found(shelf: Shelf) -> None:
    number = shelf.open("", None, "girafe " + "x " * 100_000 + "tortue")
    assert shelf.find("girafe") == [number]
    assert shelf.find("tortue") == []


@given(st.text(max_size=60))
def test_no_text_breaks_the_query(any_desk: Shelf, typed: str) -> None:
    any_desk.find(typed)
    any_desk.find(f'"{typed}" [#1898] {typed}')


@pytest.fixture(scope="module")
def any_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    path = tmp_path_factory.mktemp("search") / "mailgate.db"
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        shelf = Shelf(db)
        shelf.open("Badge", MARIE, "Perdu.")
        yield shelf


def test_search_is_joined_with_other_conditions(desk: Shelf) -> None:
    with desk.db.reading() as tx:
        found = search.matching(tx, "badge")
        assert found is not None
        hits = found.subquery()
        rows = tx.all(found.where(found.selected_columns.number > 1896))
        assert [tuple(row) for row in rows] == [(1898, 1)]
        assert [one.name for one in hits.c] == ["number", "place"]
        assert search.matching(tx, "?") is None
