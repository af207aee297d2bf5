"""The tables of the registry review."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tatara_audit",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("user", sa.String(128), nullable=False),
        sa.Column("role", sa.String(32)),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("version", sa.String(32)),
        sa.Column("before", sa.String(32)),
        sa.Column("after", sa.String(32)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("ix_tatara_audit_name", "tatara_audit", ["name"])
    op.create_table(
        "tatara_versions",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
    )
    op.create_table(
        "tatara_judgements",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("champion", sa.String(32)),
        sa.Column("judgement", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
    )
    op.create_index("ix_tatara_judgements_name", "tatara_judgements", ["name"])
    op.create_table(
        "tatara_releases",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("version", sa.String(32)),
        sa.Column("envelope", sa.Text, nullable=False),
    )
    op.create_index("ix_tatara_releases_name", "tatara_releases", ["name"])
    op.create_table(
        "tatara_users",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password", sa.Text),
    )
    op.create_table(
        "tatara_tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(128), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_tatara_tokens_user", "tatara_tokens", ["user"])


def downgrade() -> None:
    """Drop them."""
    for name in ("audit", "versions", "judgements", "releases", "users", "tokens"):
        op.drop_table(f"tatara_{name}")
