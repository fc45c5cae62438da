"""The queue: where a claim begins, rules of distribution, tallies, and the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PARTIAL = {
    "ix_assignment_mine": ("lease_token IS NOT NULL AND pinned_to IS NULL", ["annotator_id", "batch_id", "rank", "id"]),
    "ix_assignment_queue": ("state = 'open' AND pinned_to IS NULL", ["batch_id", "rank", "id"]),
    "ix_assignment_pinned": ("state = 'open' AND pinned_to IS NOT NULL", ["pinned_to", "batch_id", "id"]),
    "ix_assignment_held": ("state = 'leased'", ["annotator_id", "project_id", "lease_expires_at"]),
    "ix_assignment_expiry": ("state = 'leased'", ["lease_expires_at"]),
}


def upgrade() -> None:
    people()
    projects_and_batches()
    queue()
    preferences()
    tallies()
    audit()


def people() -> None:
    op.create_table(
        "annotator_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotator_group")),
        sa.UniqueConstraint("name", name=op.f("uq_annotator_group_name")),
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["annotator_group.id"],
            name=op.f("fk_group_member_group_id_annotator_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_group_member_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_person_id"), "group_member", ["person_id"])


def projects_and_batches() -> None:
    # a table is not made anew for them: that would empty those that refer to it
    limit = "ADD COLUMN max_per_annotator INTEGER CONSTRAINT ck_{0}_max_per_annotator CHECK (max_per_annotator >= 1)"
    op.execute("ALTER TABLE project " + limit.format("project"))
    op.add_column("project", sa.Column("spread", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("ALTER TABLE batch " + limit.format("batch"))
    op.add_column("batch", sa.Column("overlap", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("batch", sa.Column("slots", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "ALTER TABLE batch ADD COLUMN group_id INTEGER CONSTRAINT fk_batch_group_id_annotator_group "
        "REFERENCES annotator_group (id)"
    )
    op.execute(
        "UPDATE batch SET slots = (SELECT count(*) FROM assignment WHERE batch_id = batch.id AND slot IS NOT NULL), "
        "overlap = coalesce((SELECT max(slot) + 1 FROM assignment WHERE batch_id = batch.id), 1)"
    )


def queue() -> None:
    op.execute(
        "ALTER TABLE assignment ADD COLUMN pinned_to INTEGER CONSTRAINT fk_assignment_pinned_to_person "
        "REFERENCES person (id) CONSTRAINT ck_assignment_pinned "
        "CHECK (pinned_to IS NULL OR annotator_id IS NULL OR annotator_id = pinned_to)"
    )
    kept = "VIRTUAL" if op.get_bind().dialect.name == "sqlite" else "STORED"
    op.execute(
        "ALTER TABLE assignment ADD COLUMN holder_id INTEGER "
        f"GENERATED ALWAYS AS (CASE WHEN state <> 'expired' THEN annotator_id END) {kept}"
    )
    once = "uq_assignment_comparison_annotator"
    for name in ("ix_assignment_queue", "ix_assignment_lease", "ix_assignment_annotator", once):
        op.drop_index(name, "assignment")
    held = sa.text("holder_id IS NOT NULL")
    op.create_index(
        once, "assignment", ["comparison_id", "holder_id"], unique=True, sqlite_where=held, postgresql_where=held
    )
    op.execute("UPDATE assignment SET rank = rank * 128")
    # what came back to the queue is not in the order of ids any more
    op.execute(
        "UPDATE assignment SET rank = -2147483647 WHERE id >= "
        "(SELECT min(first.id) FROM assignment AS first WHERE first.comparison_id = assignment.comparison_id) "
        "+ (SELECT overlap FROM batch WHERE batch.id = assignment.batch_id)"
    )
    for name, (condition, columns) in PARTIAL.items():
        op.create_index(
            name, "assignment", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
        )


def preferences() -> None:
    op.add_column("preference", sa.Column("swapped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE preference SET swapped = (SELECT swapped FROM assignment WHERE assignment.id = preference.assignment_id)"
    )
    op.create_index(
        op.f("ix_preference_annotator_id_project_id_received_at"),
        "preference",
        ["annotator_id", "project_id", "received_at"],
    )


def tallies() -> None:
    op.create_table(
        "tally",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.CheckConstraint("filled >= 0 AND judged >= filled", name=op.f("ck_tally_counts")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_tally_batch_id_batch"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["person.id"], name=op.f("fk_tally_annotator_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("batch_id", "annotator_id", name=op.f("pk_tally")),
    )
    op.execute(
        "INSERT INTO tally (batch_id, annotator_id, judged, filled) SELECT batch_id, annotator_id, count(*), count(slot) "
        "FROM assignment WHERE state = 'done' GROUP BY batch_id, annotator_id"
    )


def audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_project_id_id"), "audit_entry", ["project_id", "id"])
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'an audit entry is never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION audit_entry_stays()"
    )
