"""The full-text index of tickets: filled from what is there, kept in step by triggers.

Revision ID: 0006
Revises: 0004
"""

from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLE = (
    "create virtual table search using fts5 (text, content='', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 2')"
)
_TRIGGERS = ("search_opened", "search_changed", "search_said")


def _head(ticket: str) -> str:
    """What is found of a ticket itself, under its number above 32 bits that are 0."""
    return (
        f"{ticket}.number << 32,"
        f" {ticket}.subject || ' ' || {ticket}.requester_name || ' ' || {ticket}.requester"
    )


def _said(entry: str) -> str:
    """What is found of an entry, under its ticket's number above its own id.

    100,000 characters: nobody types more, and a log of 20 MB must not hold up a transaction.
    """
    return f"{entry}.ticket << 32 | {entry}.id, substr({entry}.text, 1, 100000)"


def _has_words(entry: str) -> str:
    return f"{entry}.kind <> 'state' and {entry}.text <> ''"


def _add(values: str, *rest: str) -> str:
    return " ".join(("insert into search (rowid, text) select", values, *rest))


def upgrade() -> None:
    for statement in (
        _TABLE,
        _add(_head("ticket"), "from ticket order by number"),
        _add(_said("entry"), "from entry where", _has_words("entry"), "order by ticket, id"),
        f"create trigger search_opened after insert on ticket begin {_add(_head('new'))}; end",
        f"create trigger search_said after insert on entry when {_has_words('new')}"
        f" begin {_add(_said('new'))}; end",
        # The index keeps no text (content=''): it is told what it has to forget.
        "create trigger search_changed after update of subject, requester, requester_name"
        " on ticket when (old.subject, old.requester, old.requester_name)"
        " is not (new.subject, new.requester, new.requester_name)"
        f" begin insert into search (search, rowid, text) select 'delete', {_head('old')};"
        f" {_add(_head('new'))}; end",
    ):
        op.execute(statement)


def downgrade() -> None:
    for name in _TRIGGERS:
        op.execute(f"drop trigger {name}")
    op.execute("drop table search")
