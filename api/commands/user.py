"""`ordercraft user`."""

from datetime import timedelta

import click
from sqlalchemy import select

from api.auth.accounts import NewAccount, NewToken, add_account, add_token, roles_lacking
from api.auth.model import UserAccount
from api.auth.roles import Role
from api.bootstrap import open_database
from api.schema import migrate
from api.settings import Settings
from engine.store.unit_of_work import Database


@click.group("user")
def command() -> None:
    """Keep accounts and API tokens."""


@command.command("add")
@click.argument("name")
@click.option("--full-name", required=True)
@click.option("--group", "groups", multiple=True, help="A group; give it once for each.")
@click.password_option(help="At least 12 characters; asked for when not given.")
def add(name: str, full_name: str, groups: tuple[str, ...], password: str) -> None:
    """Add an account."""
    with _database().transaction() as tx:
        add_account(tx, NewAccount(name=name, full_name=full_name, groups=groups, password=password))
    click.echo(f"{name} may sign in now.")


@command.command("token")
@click.argument("name")
@click.option("--label", required=True, help="What the token is for.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What it may do of what the account may; repeat for more.",
)
@click.option("--topic", "topics", multiple=True, help="A topic of external tasks that it may serve; repeat for more. Without it, all.")
@click.option("--days", default=90, show_default=True, help="How long it is valid.")
def token(name: str, label: str, roles: tuple[str, ...], topics: tuple[str, ...], days: int) -> None:
    """Make an API token for an account; it is shown once."""
    with _database().transaction() as tx:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == name))
        if account is None:
            raise click.ClickException(f"There is no account {name!r}. Add it with: ordercraft user add.")
        asked = [Role(role) for role in roles]
        made = add_token(tx, account, NewToken(label, tuple(asked), timedelta(days=days), topics))
        lacking = roles_lacking(tx, account, asked)
    if lacking:
        click.echo(f"{name} has no role {', '.join(lacking)}: the token gets it when a group of the account grants it.", err=True)
    click.echo(made)


def _database() -> Database:
    database = open_database(Settings.from_environment())
    migrate(database)
    return database
