"""Tickets that took over others, and what is addressed to a ticket that was taken over.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# As SQL: Alembic would copy the whole table on SQLite, which refuses while others point at it.
_COLUMNS = (("ticket", "merged_into"), ("entry", "addressed"))


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER"
            f" CONSTRAINT fk_{table}_{column}_ticket REFERENCES ticket (number)"
        )
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(_COLUMNS):
        op.drop_index(f"ix_{table}_{column}", table)
        op.drop_column(table, column)
