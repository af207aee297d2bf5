"""The tables of webhooks: endpoints, and what they are to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tatara_hooks",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
    )
    op.create_table(
        "tatara_deliveries",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("act", sa.Integer, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("said", sa.Text),
        sa.UniqueConstraint("hook", "act", name="uq_tatara_deliveries_hook_act"),
    )
    op.create_index("ix_tatara_deliveries_state_due", "tatara_deliveries", ["state", "due"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("tatara_deliveries")
    op.drop_table("tatara_hooks")
