"""`ordercraft suspend`."""

import click

from api.stopping import LEVELS, stop_or_go_on


@click.command("suspend")
@click.argument("level", type=click.Choice(LEVELS))
@click.argument("what")
@click.option("--reason", required=True, help="Why; it is shown where it bites and goes to the audit log.")
@click.option("--version", type=int, default=0, help="Of a process: only this version, by its number.")
@click.option("--as", "actor", default="command line", show_default=True, help="Who does it; it goes to the record.")
def command(level: str, what: str, *, reason: str, version: int, actor: str) -> None:
    """Stop an instance, a service task or a process for a while. What waits is kept, and nothing spends an attempt.

    WHAT is an instance's id, a service task's name or a process's key.
    """
    click.echo(stop_or_go_on("suspend", level, what, (actor, reason), version))
