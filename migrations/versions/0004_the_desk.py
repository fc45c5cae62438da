"""What a judgement has beside its strength, how people come to judge, and what the pages show of a training run"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    columns()
    tables()
    op.execute(
        "INSERT INTO guidelines_version (project_id, number, text, created_at) "
        "SELECT id, 1, guidelines, created_at FROM project WHERE guidelines <> ''"
    )
    op.execute("UPDATE project SET guidelines_version = 1 WHERE guidelines <> ''")


def columns() -> None:
    # a table is not made anew for them: that would empty those that refer to it
    op.execute(
        "ALTER TABLE batch ADD COLUMN purpose VARCHAR(16) NOT NULL DEFAULT 'judging' CONSTRAINT ck_batch_purpose "
        "CHECK (purpose IN ('judging', 'practice', 'qualification'))"
    )
    op.add_column("comparison", sa.Column("explanation", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("language", sa.String(length=16), nullable=True))
    op.add_column("preference", sa.Column("criteria", sa.JSON(), nullable=True))
    op.add_column("preference", sa.Column("flags", sa.JSON(), nullable=True))
    op.create_index(
        "ix_preference_flagged",
        "preference",
        ["project_id", "comparison_id"],
        sqlite_where=sa.text("flags IS NOT NULL"),
        postgresql_where=sa.text("flags IS NOT NULL"),
    )
    # what reviewers look for: rare ones, and all in the order in which they came
    late = "late = 1" if op.get_bind().dialect.name == "sqlite" else "late"
    for name, table, columns, rare in (
        ("ix_preference_late", "preference", ["project_id", "comparison_id"], late),
        ("ix_assignment_skipped", "assignment", ["project_id", "comparison_id"], "state = 'skipped'"),
        ("ix_comparison_gold", "comparison", ["project_id", "id"], "gold IS NOT NULL"),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(rare), postgresql_where=sa.text(rare))
    op.create_index(op.f("ix_comparison_project_id_id"), "comparison", ["project_id", "id"])
    op.add_column("project", sa.Column("asks", sa.JSON(), nullable=True))
    op.add_column("project", sa.Column("asks_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("project", sa.Column("guidelines_version", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "ALTER TABLE project ADD COLUMN pass_mark INTEGER CONSTRAINT ck_project_pass_mark "
        "CHECK (pass_mark BETWEEN 1 AND 100)"
    )
    op.execute(
        "ALTER TABLE project ADD COLUMN session_goal INTEGER CONSTRAINT ck_project_session_goal "
        "CHECK (session_goal >= 1)"
    )
    op.add_column("training_run", sa.Column("machine", sa.JSON(), nullable=True))


def tables() -> None:
    op.create_table(
        "guidelines_read",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_guidelines_read_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_guidelines_read_project_id_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "person_id", name=op.f("pk_guidelines_read")),
    )
    op.create_table(
        "guidelines_version",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_guidelines_version_created_by_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_guidelines_version_project_id_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_guidelines_version")),
    )
    op.create_table(
        "quiz_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("correct BETWEEN 0 AND asked", name=op.f("ck_quiz_attempt_correct")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_quiz_attempt_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_quiz_attempt_project_id_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_attempt")),
    )
    op.create_index(op.f("ix_quiz_attempt_project_id_person_id"), "quiz_attempt", ["project_id", "person_id"])
    op.create_table(
        "qualification",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("granted_by", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["quiz_attempt.id"],
            name=op.f("fk_qualification_attempt_id_quiz_attempt"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["person.id"], name=op.f("fk_qualification_granted_by_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_qualification_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_qualification_project_id_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "person_id", name=op.f("pk_qualification")),
    )
    op.create_table(
        "reward",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("reward", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_reward_response_id_response"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["training_run.id"], name=op.f("fk_reward_run_id_training_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "response_id", name=op.f("pk_reward")),
    )
    op.create_table(
        "training_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["training_run.id"], name=op.f("fk_training_log_run_id_training_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_log")),
    )
    op.create_index(op.f("ix_training_log_run_id"), "training_log", ["run_id"])
    op.create_table(
        "quiz_answer",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("swapped", sa.Boolean(), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=True),
        sa.Column("correct", sa.Boolean(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("strength BETWEEN -3 AND 3", name=op.f("ck_quiz_answer_strength")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["quiz_attempt.id"], name=op.f("fk_quiz_answer_attempt_id_quiz_attempt"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparison.id"],
            name=op.f("fk_quiz_answer_comparison_id_comparison"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attempt_id", "comparison_id", name=op.f("pk_quiz_answer")),
    )
