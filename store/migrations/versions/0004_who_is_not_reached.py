"""Whom mails do not reach: addresses that fail, and people who are away.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.add_column("participant", sa.Column("failure", text, nullable=False, server_default=""))
    op.add_column("participant", sa.Column("failing_at", UTC(), nullable=True))
    op.add_column("participant", sa.Column("absent_at", UTC(), nullable=True))
    op.add_column("participant", sa.Column("back_on", sa.Date(), nullable=True))
    op.add_column(
        "ticket", sa.Column("bounce_told", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    with op.batch_alter_table("ticket") as batch_op:
        batch_op.drop_column("bounce_told")
    with op.batch_alter_table("participant") as batch_op:
        for name in ("back_on", "absent_at", "failing_at", "failure"):
            batch_op.drop_column(name)
