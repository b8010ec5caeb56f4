"""The portal: what a form shows, which entries came by one, the desk's secrets.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secret",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.add_column(
        "ledger",
        sa.Column(
            "credential", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""
        ),
    )
    op.add_column(
        "entry", sa.Column("portal", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_ticket_requester", "ticket", ["requester"])


def downgrade() -> None:
    op.drop_index("ix_ticket_requester", "ticket")
    with op.batch_alter_table("entry") as batch_op:
        batch_op.drop_column("portal")
    with op.batch_alter_table("ledger") as batch_op:
        batch_op.drop_column("credential")
    op.drop_table("secret")
