"""`ordercraft user`."""

from datetime import timedelta
from typing import Any

import click

from api.auth import accounts, identities, links, reading, sealing, second_factor, sessions, tokens
from api.auth.roles import Role
from api.bootstrap import open_database
from api.schema import migrate
from api.settings import Settings
from engine.store import json_text
from engine.store.paging import Asked
from engine.store.unit_of_work import Database
from handlers.changes import Author

_BY = "command-line"
_MOST = 10_000
_reason = click.option("--reason", required=True, help="Why; it goes to the audit log.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group("user")
def command() -> None:
    """Keep accounts, their sessions and API tokens."""


@command.command("add")
@click.argument("name")
@click.option("--full-name", required=True)
@click.option("--group", "groups", multiple=True, help="A group; give it once for each.")
@click.option("--mail", default="", help="The mail address.")
@click.option("--machine", is_flag=True, help="A program: it has tokens and no password.")
@click.option("--password", help="Of 12 characters or more; without it a link is printed by which its owner chooses one.")
def add(name: str, full_name: str, groups: tuple[str, ...], password: str | None, **more: Any) -> None:
    """Add an account."""
    new = accounts.NewAccount(name=name, full_name=full_name, groups=groups, password=password, **more)
    with _database().transaction() as tx:
        account = accounts.add_account(tx, new, Author(_BY))
        link = None if password or new.machine else links.make_link(tx, account, Author(_BY))
    click.echo(f"{account.name} {'may sign in' if password else 'is added'}.")
    if link:
        _tell_link(link)


@command.command("list")
@click.option("--search", default="", help="Part of a name or mail address.")
@_as_json
def list_all(search: str, *, as_json: bool) -> None:
    """List accounts, by name."""
    with _database().transaction() as tx:
        for row in reading.list_accounts(tx, reading.AccountFilter(search), Asked(_MOST)).rows:
            _print(row, f"{row.name:24} {'' if row.active else '(inactive) '}{row.full_name}  {', '.join(row.groups)}", as_json=as_json)


@command.command("change")
@click.argument("name")
@click.option("--full-name")
@click.option("--title")
@click.option("--mail")
@click.option("--group", "groups", multiple=True, help="A group; give it once for each. What is not named is left.")
@click.option("--no-groups", is_flag=True, help="Leave every group.")
@_reason
def change(name: str, groups: tuple[str, ...], reason: str, *, no_groups: bool, **given: str | None) -> None:
    """Change an account: what is given replaces what was."""
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if groups or no_groups:
        changes["groups"] = [] if no_groups else list(groups)
    with _database().transaction() as tx:
        changed = accounts.change_account(tx, name, changes, Author(_BY, reason))
    for field, each in changed.items():
        click.echo(f"{field}: {each['from']} -> {each['to']}")
    if not changed:
        click.echo("Nothing was different.")


@command.command("deactivate")
@click.argument("name")
@_reason
def deactivate(name: str, reason: str) -> None:
    """Let nobody come in by an account any more; its open tasks go back to their candidates."""
    with _database().transaction() as tx:
        left = accounts.deactivate(tx, name, Author(_BY, reason))
    click.echo(f"{name} is inactive: {left.sessions} sessions and {left.tokens} tokens ended, {left.tasks} tasks given back.")


@command.command("reactivate")
@click.argument("name")
@_reason
def reactivate(name: str, reason: str) -> None:
    """Let an account come in again; its tokens stay revoked."""
    with _database().transaction() as tx:
        accounts.reactivate(tx, name, Author(_BY, reason))
    click.echo(f"{name} is active.")


@command.command("password-link")
@click.argument("name")
def password_link(name: str) -> None:
    """Print a link by which the owner of an account chooses a password, once, within a day."""
    with _database().transaction() as tx:
        link = links.make_link(tx, accounts.account_named(tx, name, lock=True), Author(_BY))
    _tell_link(link)


@command.command("remove-second-factor")
@click.argument("name")
@_reason
def remove_second_factor(name: str, reason: str) -> None:
    """Take the second factor of an account away, such as that of a lost telephone."""
    with _database().transaction() as tx:
        second_factor.remove_all(tx, accounts.account_named(tx, name, lock=True).id, Author(_BY, reason))
    click.echo(f"{name} has no second factor now.")


@command.command("reseal")
def reseal_all() -> None:
    """Seal all secrets of authenticators and webhooks with the present key, the first of ORDERCRAFT_SECRETS_KEY; older ones may then go."""
    with _database().transaction() as tx:
        number = sealing.reseal(tx, sealing.ring_of(Settings.from_environment()), Author(_BY))
    click.echo(f"{number} sealed with the present key.")


@command.command("unlink")
@click.argument("name")
@_reason
def unlink(name: str, reason: str) -> None:
    """Let nobody sign in as an account by way of the provider of company accounts."""
    with _database().transaction() as tx:
        identities.unlink(tx, accounts.account_named(tx, name, lock=True), Author(_BY, reason))
    click.echo(f"{name} is linked with no company account now.")


@command.command("groups")
@click.option("--map", "mapped", nargs=2, metavar="CLAIM GROUP", help="Let the members of a group of the provider be in one of ours.")
@click.option("--unmap", "unmapped", nargs=2, metavar="CLAIM GROUP", help="Undo a mapping.")
def groups(mapped: tuple[str, str] | None, unmapped: tuple[str, str] | None) -> None:
    """List which groups of the provider of company accounts are which of ours, map one, or undo it."""
    with _database().transaction() as tx:
        if mapped:
            identities.map_claim(tx, *mapped, Author(_BY))
        if unmapped:
            identities.unmap_claim(tx, *unmapped, Author(_BY))
        for row in identities.list_claims(tx):
            click.echo(f"{row.claim} -> {row.group_name}")


@command.command("first-link")
def first_link() -> None:
    """Print a link by which the first administrator's account is made, once, within a day."""
    with _database().transaction() as tx:
        link = links.make_first_link(tx, Author(_BY))
    if link is None:
        raise click.ClickException("There is an administrator already. Use: ordercraft user password-link NAME.")
    _tell_link(link)


@command.command("sessions")
@click.argument("name")
@click.option("--end", "session_id", type=int, help="End the session of this number.")
@click.option("--end-all", is_flag=True, help="End all of them.")
@_as_json
def show_sessions(name: str, session_id: int | None, *, end_all: bool, as_json: bool) -> None:
    """List the sessions of an account, or end one or all."""
    with _database().transaction() as tx:
        account = accounts.account_named(tx, name)
        if end_all:
            click.echo(f"{sessions.end_all(tx, account, Author(_BY))} sessions ended.")
        elif session_id is not None:
            sessions.end_session(tx, session_id, Author(_BY), account.name)
            click.echo(f"Session {session_id} ended.")
        else:
            for row in sessions.list_sessions(tx, account.name, Asked(_MOST)).rows:
                _print(row, f"{row.id:8} since {row.created_at:%Y-%m-%d %H:%M}  {row.source}  {row.browser}", as_json=as_json)


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
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, tokens.MOST_DAYS), help="How long it is valid.")
def token(name: str, label: str, roles: tuple[str, ...], topics: tuple[str, ...], days: int) -> None:
    """Make an API token for an account; it is shown once."""
    with _database().transaction() as tx:
        account = accounts.account_named(tx, name, lock=True)
        asked = [Role(role) for role in roles]
        made = tokens.add_token(tx, account, tokens.NewToken(label, tuple(asked), timedelta(days=days), topics), Author(_BY))
        lacking = tokens.roles_lacking(tx, account, asked)
    if lacking:
        click.echo(f"{name} has no role {', '.join(lacking)}: the token gets it when a group of the account grants it.", err=True)
    click.echo(made)


@command.command("tokens")
@click.argument("name")
@click.option("--revoke", "token_id", type=int, help="Revoke the token of this number.")
@_as_json
def show_tokens(name: str, token_id: int | None, *, as_json: bool) -> None:
    """List the tokens of an account, or revoke one. Their secrets are shown nowhere."""
    with _database().transaction() as tx:
        account = accounts.account_named(tx, name)
        if token_id is not None:
            tokens.revoke_token(tx, token_id, Author(_BY), account.name)
            click.echo(f"Token {token_id} is revoked.")
            return
        for row in tokens.list_tokens(tx, account.name, Asked(_MOST)).rows:
            used = f"last used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
            until = "over" if row.over else f"until {row.expires_at:%Y-%m-%d}"
            _print(row, f"{row.id:8} {row.label}  {', '.join(row.roles)}  {until}  {used}", as_json=as_json)


def _print(row: object, told: str, *, as_json: bool) -> None:
    click.echo(json_text.encode(row).decode() if as_json else told)


def _tell_link(secret: str) -> None:
    click.echo(f"A password is chosen once within {links.HOURS} hours at the address of the server, followed by:")
    click.echo(links.address("", secret))


def _database() -> Database:
    database = open_database(Settings.from_environment())
    migrate(database)
    return database
