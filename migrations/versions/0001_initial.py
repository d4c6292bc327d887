"""Every table of the first version, with its views and triggers.

The statements stand in the file beside this one, as PostgreSQL reads them; later changes are migrations of their own.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)


def downgrade() -> None:
    """There is nothing before the first version."""
    raise RuntimeError("The first version cannot be taken back; restore a backup, or drop the database.")
