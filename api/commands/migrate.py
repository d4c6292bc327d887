"""`ordercraft migrate`."""

import click

from api.bootstrap import open_database
from api.schema import grant, migrate
from api.settings import Settings


@click.command("migrate")
@click.option("--grant", "role", default="", help="A role of the database that may run the product then: by rows, no more.")
def command(role: str) -> None:
    """Bring the database's tables to this version. `serve` does so by itself, where its role owns the tables."""
    database = open_database(Settings.from_environment())
    migrate(database)
    if role:
        grant(database, role)
    click.echo(f"The tables are up to date{f', and {role} may run the product' if role else ''}.")
