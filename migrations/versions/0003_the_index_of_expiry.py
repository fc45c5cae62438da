"""The index of when leases run out is for those who look for these, and for nobody else"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NAME = "ix_assignment_expiry"
WHERE = sa.text("state = 'leased' AND lease_expires_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index(NAME, "assignment")
    op.create_index(NAME, "assignment", ["lease_expires_at"], sqlite_where=WHERE, postgresql_where=WHERE)
