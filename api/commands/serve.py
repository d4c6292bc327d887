"""`ordercraft serve`."""

import click

from api.listening import take_address
from api.settings import Settings

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command("serve")
@click.option("--no-worker", is_flag=True, help="Serve pages and API only; run `ordercraft worker` elsewhere.")
@click.option("--demo", is_flag=True, help="Load the demo company and let anybody sign in as one of its people. Loopback addresses only.")
@click.option("--history", is_flag=True, help="Open the demo with ninety days behind it, on an empty data directory.")
@click.option("--port", type=int, help="Listen here instead of ORDERCRAFT_PORT.")
def command(*, no_worker: bool, demo: bool, history: bool, port: int | None) -> None:
    """Serve pages and API; on an empty data directory this is the whole installation."""
    settings = Settings.from_environment()
    if history and not demo:
        raise click.UsageError("Only the demo has days behind it: ordercraft serve --demo --history.")
    if demo and settings.host not in _LOOPBACK:
        raise click.UsageError(f"The demo lets anybody in, so it is served on loopback addresses only, not on {settings.host}.")
    listening = take_address(settings.host, settings.port if port is None else port)
    from api.serving import What, serve  # its libraries load for seconds: who cannot have the address is told before

    serve(
        settings,
        listening,
        What(with_worker=not no_worker, demo=demo, history=history),
        ready=lambda address, link: click.echo(_welcome(address, link, demo=demo)),
    )


def _welcome(address: str, link: str, *, demo: bool) -> str:
    if not demo:
        first = f"Nobody keeps accounts yet. Make the first one here, once, within a day:\n  {link}\n" if link else ""
        return f"\nOrdercraft is at {address}\n{first}"
    return (
        f"\nThe demo is at {address}\n"
        "  1. Sign in as Sara Lindqvist (sales) and open Orders: the story of each order, from quote to cash.\n"
        "  2. Sign in as Marcus Hale (sales manager) and open Worklist: a quote waits for approval.\n"
        "  3. Sign in as Olga Brandt (operator) and open Operations: every instance, its diagram and why it waits.\n"
        "Watch a whole order from quote to cash: ordercraft demo --headless --url " + address + "\n"
    )
