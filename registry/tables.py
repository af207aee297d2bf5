"""The registry's tables, beside MLflow's own in the same database."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

PREFIX = "tatara_"
METADATA = MetaData()

AUDIT = Table(
    f"{PREFIX}audit",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("user", String(128), nullable=False),
    Column("role", String(32)),
    Column("act", String(32), nullable=False),
    Column("name", Text, index=True),
    Column("version", String(32)),
    Column("before", String(32)),
    Column("after", String(32)),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
)
"""Append-only: approvals, comments and reasons are read from it."""

VERSIONS = Table(
    f"{PREFIX}versions",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("state", String(32), nullable=False),
    Column("author", Text, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("since", String(32), nullable=False),
)
"""What the log comes to."""

JUDGEMENTS = Table(
    f"{PREFIX}judgements",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, index=True),
    Column("version", String(32), nullable=False),
    Column("champion", String(32)),
    Column("judgement", Text, nullable=False),
    Column("evidence", Text, nullable=False),
)
"""One row a check; its number is that of the act."""

RELEASES = Table(
    f"{PREFIX}releases",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, index=True),
    Column("role", String(32), nullable=False),
    Column("version", String(32)),
    Column("envelope", Text, nullable=False),
)

USERS = Table(
    f"{PREFIX}users",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("password", Text),
)

TOKENS = Table(
    f"{PREFIX}tokens",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("user", String(128), nullable=False, index=True),
    Column("expires", BigInteger, nullable=False),
)

SESSIONS = Table(
    f"{PREFIX}sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("user", String(128), nullable=False, index=True),
    Column("expires", BigInteger, nullable=False),
)
"""Who is signed in to the page (``page``), and tokens of the HTTP API (``api``); hashed, as `TOKENS` are."""

HOOKS = Table(
    f"{PREFIX}hooks",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("secret", String(64), nullable=False),
)
"""Endpoints of webhooks; ``secret`` is a fingerprint, ``events`` has commas between them."""

DELIVERIES = Table(
    f"{PREFIX}deliveries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("hook", String(64), nullable=False),
    Column("act", Integer, nullable=False),
    Column("event", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("lease", String(32)),
    Column("said", Text),
    UniqueConstraint("hook", "act", name="uq_tatara_deliveries_hook_act"),
    Index("ix_tatara_deliveries_state_due", "state", "due"),
)
"""The outbox: ``state`` is waiting, delivered or dead; ``due`` in seconds since 1970."""
