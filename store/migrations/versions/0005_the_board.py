"""The agents' board: how they sign in, and mails about no ticket.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TICKETS = ("ticket", "entry_id")


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.create_table(
        "agent_token",
        sa.Column("digest", text, nullable=False),
        sa.Column("purpose", text, nullable=False),
        sa.Column("agent", text, nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_agent_token")),
    )
    # Alembic copies the table on SQLite; no other one points at it.
    with op.batch_alter_table("outbox") as batch_op:
        for name in _TICKETS:
            batch_op.alter_column(name, existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE ticket IS NULL")
    with op.batch_alter_table("outbox") as batch_op:
        for name in _TICKETS:
            batch_op.alter_column(name, existing_type=sa.Integer(), nullable=False)
    op.drop_table("agent_token")
