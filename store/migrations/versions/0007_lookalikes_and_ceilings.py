"""Whom a sender may be taken for, and what ceilings are compared with.

Revision ID: 0007
Revises: 0004
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.add_column("entry", sa.Column("lookalikes", text, nullable=False, server_default="[]"))
    op.create_table(
        "tally",
        sa.Column("key", text, nullable=False),
        sa.Column("since", UTC(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tally")),
    )
    op.create_index(op.f("ix_tally_since"), "tally", ["since"])
    op.add_column("outbox", sa.Column("budget", text, nullable=False, server_default=""))
    op.execute("update outbox set budget = recipient")
    op.drop_index("ix_outbox_recipient_queued_at", "outbox")
    op.create_index("ix_outbox_budget_queued_at", "outbox", ["budget", "queued_at"])


def downgrade() -> None:
    op.drop_index("ix_outbox_budget_queued_at", "outbox")
    op.create_index("ix_outbox_recipient_queued_at", "outbox", ["recipient", "queued_at"])
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_column("budget")
    op.drop_index(op.f("ix_tally_since"), "tally")
    op.drop_table("tally")
    with op.batch_alter_table("entry") as batch_op:
        batch_op.drop_column("lookalikes")
