"""Files that wait for the virus scanner.

Revision ID: 0008
Revises: 0004
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_scan_entry_id_entry")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_next_at"), "scan", ["next_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_scan_next_at"), table_name="scan")
    op.drop_table("scan")
