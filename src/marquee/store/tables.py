"""Every table of Marquee. `migrations/` makes them; a test holds the two against each other."""

from sqlalchemy import (
    ARRAY,
    JSON,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from marquee.domain.limits import END_OF_TIME, FIRST_TIME


class Xid8(UserDefinedType[int]):
    """Postgres' 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_kw: object) -> str:
        return "xid8"


metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'{}'::text[]")


def _when(name: str, *, default: bool = True, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=NOW if default else None)


items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("year", Integer),
    Column("genres", ARRAY(Text), nullable=False, server_default=EMPTY_LIST),
    Column("attributes", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    _when("created_at"),
    _when("updated_at"),
    CheckConstraint(f"created_at >= '{FIRST_TIME}' AND created_at < '{END_OF_TIME}'", name="created_at"),
)
Index("items_natural_order_idx", func.length(items.c.item_id), items.c.item_id)

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("age", Integer),
    Column("gender", Text),
    Column("occupation", Text),
    Column("attributes", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    _when("created_at"),
    _when("updated_at"),
)
Index("users_natural_order_idx", func.length(users.c.user_id), users.c.user_id)

ratings = Table(
    "ratings",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", Text, ForeignKey("items.item_id", ondelete="CASCADE"), primary_key=True),
    Column("rating", Double, nullable=False),
    _when("rated_at", default=False),
    _when("received_at"),
    Index(None, "item_id"),
    Index(None, "received_at"),
)

# What people did, beside rating. The first event with an id stands.
events = Table(
    "events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False),
    Column("item_id", Text, ForeignKey("items.item_id", ondelete="CASCADE"), nullable=False),
    Column("value", Double),
    _when("at", default=False),
    _when("received_at"),
    Column("request_id", Uuid),  # these three: of the list that it answers
    Column("model_version", Integer),
    Column("variant", Text),
    Index(None, "user_id", "at"),
    Index(None, "item_id"),
    Index(None, "received_at"),
    Index(None, "request_id", postgresql_where=text("request_id IS NOT NULL")),
)

# The lists that were shown, one row a list, a partition a day (UTC) that `store.impressions` makes and drops.
impressions = Table(
    "impressions",
    metadata,
    _when("at", default=False),
    Column("request_id", Uuid, nullable=False),
    Column("user_id", Text),  # null: a visitor
    Column("model_version", Integer),
    Column("variant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("item_ids", ARRAY(Text), nullable=False),
    Column("propensities", ARRAY(REAL)),  # null: each place was certain
    Column("rollout", Integer),  # these two: where chance chose the variant
    Column("step", SmallInteger),
    Index(None, "user_id", "at"),
    Index(None, "request_id"),
    postgresql_partition_by="RANGE (at)",
)

# What workers must hear of, written in the transaction that makes it so.
changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("kind", Text, nullable=False),
    Column("key", Text),
    _when("at"),
    Index(None, "xid"),
    # By whoever writes what was shown to people, before each batch.
    Index("changes_erased_idx", "key", postgresql_where=text("kind = 'user_erased'")),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("ratings", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    _when("first_rated_at", default=False),
    _when("trained_through", default=False),
    _when("taken_at"),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("semantic_version", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("snapshot", Text, ForeignKey("snapshots.hash"), nullable=False),
    _when("trained_through", default=False),
    Column("algorithms", JSONB, nullable=False),
    Column("hyperparameters", JSONB, nullable=False),
    Column("metrics", JSONB, nullable=False),
    Column("gates", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False, server_default=EMPTY_OBJECT),  # seed, sizes, environment, code
    Column("requested_by", Text, nullable=False, server_default=text("''")),
    _when("created_at"),
    _when("served_at", default=False, nullable=True),  # as the champion, first; null: it never did
    Column("sent_back", Text),  # by what; null: it was not, or has served since
    _when("purge_after", default=False, nullable=True),  # null: it serves, or nobody has tried it yet
    CheckConstraint(
        "state IN ('candidate','validated','rejected','approved','declined','retired','archived')",
        name="state",
    ),
)

# What people said of a version that the gates had let pass.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", Integer, Identity(always=True), primary_key=True),
    Column("version", Integer, ForeignKey("model_versions.version"), nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("audit_head", Text, nullable=False),  # the audit log as the reviewer found it
    _when("at"),
    CheckConstraint("part IN ('technical','business')", name="part"),
    CheckConstraint("decision IN ('approve','decline')", name="decision"),
    Index(None, "version"),
)

# A challenger's way to champion, or back.
rollouts = Table(
    "rollouts",
    metadata,
    Column("rollout_id", Integer, Identity(always=True), primary_key=True),
    Column("challenger", Integer, ForeignKey("model_versions.version"), nullable=False),
    Column("champion", Integer, ForeignKey("model_versions.version"), nullable=False),
    Column("preset", Text, nullable=False),
    Column("plan", JSONB, nullable=False),  # of policy.yaml, as it was at the start
    Column("state", Text, nullable=False),
    Column("step", SmallInteger, nullable=False, server_default=text("0")),
    Column("salt", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("requested_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _when("created_at"),
    _when("counted_until", default=False, nullable=True),  # lists older than this are in the outcomes
    _when("early_until", default=False, nullable=True),  # the same of the early outcomes
    Column("verdict", JSONB),  # the last one
    _when("judged_at", default=False, nullable=True),
    _when("ended_at", default=False, nullable=True),
    Column("outcome", Text),  # why it ended
    CheckConstraint(
        "state IN ('planned','shadow','canary','promoted','rolled_back','inconclusive','aborted')",
        name="state",
    ),
    Index(
        "rollouts_one_at_a_time_idx",
        text("(true)"),
        unique=True,
        postgresql_where=text("state IN ('planned','shadow','canary')"),
    ),
)

rollout_steps = Table(
    "rollout_steps",
    metadata,
    Column("rollout_id", Integer, ForeignKey("rollouts.rollout_id", ondelete="CASCADE"), primary_key=True),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("share", Double, nullable=False),
    _when("began_at", default=False),
    _when("ended_at", default=False, nullable=True),
)

# What each worker counted of a step, so far: it replaces its own row, so that writing twice does no harm.
# Arrays have a place for each bucket of people.
rollout_tallies = Table(
    "rollout_tallies",
    metadata,
    Column("rollout_id", Integer, ForeignKey("rollouts.rollout_id", ondelete="CASCADE"), primary_key=True),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    Column("variant", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("requests", ARRAY(Integer), nullable=False),
    Column("errors", ARRAY(Integer), nullable=False),
    Column("empty", ARRAY(Integer), nullable=False),
    Column("fallback", ARRAY(Integer), nullable=False),
    Column("timed", ARRAY(Integer), nullable=False),
    Column("milliseconds", ARRAY(Double), nullable=False),
    Column("milliseconds_squared", ARRAY(Double), nullable=False),
    _when("at"),
)

# How the challenger's lists compared with the champion's for the same requests, by worker, so far.
shadow_tallies = Table(
    "shadow_tallies",
    metadata,
    Column("rollout_id", Integer, ForeignKey("rollouts.rollout_id", ondelete="CASCADE"), primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("figures", JSONB, nullable=False),
    _when("at"),
)

# Ratings that came while two versions served, with what each had predicted before it learnt of them.
scored_ratings = Table(
    "scored_ratings",
    metadata,
    Column("rollout_id", Integer, ForeignKey("rollouts.rollout_id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("step", SmallInteger, nullable=False),
    Column("stars", Double, nullable=False),
    Column("champion", Double, nullable=False),
    Column("challenger", Double, nullable=False),
    _when("at", default=False),
)

# What became of the lists that were shown, by person; kept while the rollout goes.
rollout_outcomes = Table(
    "rollout_outcomes",
    metadata,
    Column("rollout_id", Integer, ForeignKey("rollouts.rollout_id", ondelete="CASCADE"), primary_key=True),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    Column("variant", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("early", Boolean, primary_key=True),  # what came of the same lists within the first seconds
    Column("lists", Integer, nullable=False),
    Column("positive", Integer, nullable=False),
    Column("rated", Integer, nullable=False),
    Column("stars", Double, nullable=False),
    Column("stars_squared", Double, nullable=False),
    Index(None, "user_id"),
)

# The processes that serve, and what each has in memory.
workers = Table(
    "workers",
    metadata,
    Column("worker_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    _when("started_at", default=False),
    _when("seen_at"),
    Column("revision", BigInteger, nullable=False),  # of the deployment that it has followed
    Column("champion", Integer),
    Column("challenger", Integer),
    Column("problem", Text),
    Column("refusal", Text),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Integer, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("offer", JSONB),  # what a person may do about it
    _when("at"),
    _when("resolved_at", default=False, nullable=True),
    Column("resolved_by", Text),
    Index(
        "alerts_open_idx", "kind", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")
    ),  # what is wrong is said once
)

deployment = Table(
    "deployment",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("champion", Integer, ForeignKey("model_versions.version")),
    Column("previous", Integer, ForeignKey("model_versions.version")),
    Column("revision", BigInteger, nullable=False, server_default=text("0")),
    _when("deployed_at", default=False, nullable=True),
    Column("mirrored", Integer),  # the champion that MLflow's alias was last set to
    Column("challenger", Integer, ForeignKey("model_versions.version")),
    Column("rollout", Integer, ForeignKey("rollouts.rollout_id")),
    Column("mode", Text, nullable=False, server_default=text("'none'")),
    Column("step", SmallInteger, nullable=False, server_default=text("0")),
    Column("share", Double, nullable=False, server_default=text("0")),
    Column("salt", Text, nullable=False, server_default=text("''")),
    Column("mirrored_challenger", Integer),
    CheckConstraint("mode IN ('none','warming','shadow','canary')", name="mode"),
    CheckConstraint("id = 1", name="single_row"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _when("at", default=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),  # not JSONB: the hash is of the very text
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("hash"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    _when("created_at"),
    _when("started_at", default=False, nullable=True),
    _when("finished_at", default=False, nullable=True),
    Column("step", Text),
    Column("progress", Double),
    Column("error", Text),
    Column("model_version", Integer),
    Column("result", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    CheckConstraint("state IN ('queued','running','succeeded','failed')", name="state"),
    Index(None, "created_at"),
)

job_log = Table(
    "job_log",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Text, ForeignKey("job_runs.run_id", ondelete="CASCADE"), nullable=False),
    _when("at"),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index(None, "run_id", "seq"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key_hash", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    _when("created_at"),
    UniqueConstraint("key_hash"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    _when("created_at"),
)
