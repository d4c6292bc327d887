"""`ordercraft worker`."""

import click

from api import logs
from api.bootstrap import build_to_stay
from api.server import on_signals
from api.settings import Settings


@click.command("worker")
def command() -> None:
    """Advance instances, fire timers and deliver effects until stopped. Run as many as you like, on any number of hosts."""
    settings = Settings.from_environment()
    logs.configure(settings.log_level)
    product = build_to_stay(settings, with_worker=True)
    if product.worker is None:  # build was asked for one
        raise click.ClickException("No worker was made.")
    on_signals(product.worker.stop)
    try:
        product.worker.run()
    finally:
        product.database.close()
