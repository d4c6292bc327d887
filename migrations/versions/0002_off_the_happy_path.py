"""What a company needs off the happy path: a business clock, control totals, owners for everything open.

Each file of the folder beside this one is a part, named by what it is for, and runs in the order of the names. The first brings an
installation whose 0001 was younger than ours to the 0001 of this repository.
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run every part."""
    connection = op.get_bind().execution_options(no_parameters=True)
    for part in sorted(Path(__file__).with_name("0002").glob("*.sql")):
        connection.exec_driver_sql(part.read_text(encoding="utf-8"))


def downgrade() -> None:
    """New kinds of rows have no place in the old tables."""
    raise RuntimeError("Version 0002 cannot be taken back; restore a backup.")
