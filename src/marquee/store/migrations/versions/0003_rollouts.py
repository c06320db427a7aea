"""Reviews, rollouts and what they rest on; workers; alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("offer", postgresql.JSONB(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("alerts_pkey")),
    )
    op.create_index(
        "alerts_open_idx",
        "alerts",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "workers",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.Integer(), nullable=True),
        sa.Column("challenger", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("workers_pkey")),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("audit_head", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("decision IN ('approve','decline')", name=op.f("reviews_decision_check")),
        sa.CheckConstraint("part IN ('technical','business')", name=op.f("reviews_part_check")),
        sa.ForeignKeyConstraint(["version"], ["model_versions.version"], name=op.f("reviews_version_fkey")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("reviews_pkey")),
    )
    op.create_index(op.f("reviews_version_idx"), "reviews", ["version"], unique=False)
    op.create_table(
        "rollouts",
        sa.Column("rollout_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("challenger", sa.Integer(), nullable=False),
        sa.Column("champion", sa.Integer(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("counted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("early_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", postgresql.JSONB(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned','shadow','canary','promoted','rolled_back','inconclusive','aborted')",
            name=op.f("rollouts_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["challenger"], ["model_versions.version"], name=op.f("rollouts_challenger_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["champion"], ["model_versions.version"], name=op.f("rollouts_champion_fkey")
        ),
        sa.PrimaryKeyConstraint("rollout_id", name=op.f("rollouts_pkey")),
    )
    op.create_index(
        "rollouts_one_at_a_time_idx",
        "rollouts",
        [sa.literal_column("(true)")],
        unique=True,
        postgresql_where=sa.text("state IN ('planned','shadow','canary')"),
    )
    op.create_table(
        "rollout_outcomes",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("lists", sa.Integer(), nullable=False),
        sa.Column("positive", sa.Integer(), nullable=False),
        sa.Column("rated", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Double(), nullable=False),
        sa.Column("stars_squared", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"],
            ["rollouts.rollout_id"],
            name=op.f("rollout_outcomes_rollout_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "rollout_id", "step", "variant", "user_id", "early", name=op.f("rollout_outcomes_pkey")
        ),
    )
    op.create_index(op.f("rollout_outcomes_user_id_idx"), "rollout_outcomes", ["user_id"], unique=False)
    op.create_table(
        "rollout_steps",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["rollout_id"],
            ["rollouts.rollout_id"],
            name=op.f("rollout_steps_rollout_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rollout_id", "step", name=op.f("rollout_steps_pkey")),
    )
    op.create_table(
        "rollout_tallies",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("requests", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("errors", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("empty", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("fallback", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("timed", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("milliseconds", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("milliseconds_squared", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"],
            ["rollouts.rollout_id"],
            name=op.f("rollout_tallies_rollout_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rollout_id", "step", "variant", "worker", name=op.f("rollout_tallies_pkey")),
    )
    op.create_table(
        "scored_ratings",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("stars", sa.Double(), nullable=False),
        sa.Column("champion", sa.Double(), nullable=False),
        sa.Column("challenger", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"],
            ["rollouts.rollout_id"],
            name=op.f("scored_ratings_rollout_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rollout_id", "user_id", "item_id", name=op.f("scored_ratings_pkey")),
    )
    op.create_table(
        "shadow_tallies",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"],
            ["rollouts.rollout_id"],
            name=op.f("shadow_tallies_rollout_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rollout_id", "worker", name=op.f("shadow_tallies_pkey")),
    )
    op.add_column("deployment", sa.Column("challenger", sa.Integer(), nullable=True))
    op.add_column("deployment", sa.Column("rollout", sa.Integer(), nullable=True))
    op.add_column(
        "deployment", sa.Column("mode", sa.Text(), server_default=sa.text("'none'"), nullable=False)
    )
    op.add_column(
        "deployment", sa.Column("step", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("deployment", sa.Column("share", sa.Double(), server_default=sa.text("0"), nullable=False))
    op.add_column("deployment", sa.Column("salt", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("deployment", sa.Column("mirrored_challenger", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("deployment_challenger_fkey"), "deployment", "model_versions", ["challenger"], ["version"]
    )
    op.create_foreign_key(
        op.f("deployment_rollout_fkey"), "deployment", "rollouts", ["rollout"], ["rollout_id"]
    )
    op.add_column("impressions", sa.Column("rollout", sa.Integer(), nullable=True))
    op.add_column("impressions", sa.Column("step", sa.SmallInteger(), nullable=True))
    op.add_column(
        "model_versions",
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.add_column(
        "model_versions", sa.Column("requested_by", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("model_versions", sa.Column("purge_after", sa.DateTime(timezone=True), nullable=True))
    op.add_column("model_versions", sa.Column("served_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("model_versions", sa.Column("sent_back", sa.Text(), nullable=True))
    op.execute(
        "UPDATE model_versions SET served_at = (SELECT min(at) FROM audit_log WHERE subject = "
        "'version ' || version AND action IN ('promote', 'rollback'))"
    )
    op.create_index(
        op.f("events_request_id_idx"),
        "events",
        ["request_id"],
        unique=False,
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
