"""The full-text index of tickets, filled from what is there.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Its rows are those that store.db writes from now on (`_index`)."""
    op.execute(
        "create virtual table search using fts5 (text, content='', columnsize=0,"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "insert into search (rowid, text)"
        " select number << 32, subject || ' ' || requester_name || ' ' || requester"
        " from ticket order by number"
    )
    op.execute(
        "insert into search (rowid, text) select ticket << 32 | id, substr(text, 1, 100000)"
        " from entry where kind <> 'state' and text <> '' order by ticket, id"
    )


def downgrade() -> None:
    op.execute("drop table search")
