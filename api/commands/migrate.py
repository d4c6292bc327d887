"""`ordercraft migrate`."""

import click

from api.bootstrap import open_database
from api.schema import migrate
from api.settings import Settings


@click.command("migrate")
def command() -> None:
    """Bring the database's tables to this version. `serve` does so by itself."""
    migrate(open_database(Settings.from_environment()))
    click.echo("The tables are up to date.")
