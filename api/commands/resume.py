"""`ordercraft resume`."""

import click

from api.stopping import LEVELS, stop_or_go_on


@click.command("resume")
@click.argument("level", type=click.Choice(LEVELS))
@click.argument("what")
@click.option("--reason", required=True, help="Why; it goes to the audit log.")
@click.option("--version", type=int, default=0, help="Of a process: only this version, by its number.")
@click.option("--as", "actor", default="command line", show_default=True, help="Who does it; it goes to the record.")
def command(level: str, what: str, *, reason: str, version: int, actor: str) -> None:
    """Let an instance, a service task or a process go on that was suspended; what was held back is tried at once.

    WHAT is an instance's id, a service task's name or a process's key.
    """
    click.echo(stop_or_go_on("resume", level, what, (actor, reason), version))
