"""How many questions a quiz asks, and how often; its answers by comparison"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # a table is not made anew for them: that would empty those that refer to it
    for name in ("quiz_questions", "quiz_attempts"):
        op.execute(f"ALTER TABLE project ADD COLUMN {name} INTEGER CONSTRAINT ck_project_{name} CHECK ({name} >= 1)")
    # else each comparison of a draft that is deleted looks through the answers of everybody
    op.create_index(op.f("ix_quiz_answer_comparison_id"), "quiz_answer", ["comparison_id"])
