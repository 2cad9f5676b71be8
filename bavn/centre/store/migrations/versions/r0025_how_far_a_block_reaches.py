"""How far a block would reach: which indicator a question is about, and the sum of what was answered to it.

The sum alone: no actor's part is kept. A question of before is about none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "case_radius",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("question_id"),
    )
    with op.batch_alter_table("case_question") as batch:
        batch.add_column(sa.Column("about", sa.String(length=60), nullable=True))
        batch.create_index("case_question_about", ["about"])
