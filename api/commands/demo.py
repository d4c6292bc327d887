"""`ordercraft demo`."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from api import logs
from api.bootstrap import build
from api.content import deploy_content
from api.demo import clock
from api.demo.company import load_company
from api.demo.story import run_story
from api.listening import take_address
from api.server import Server
from api.settings import Settings
from engine.store import json_text
from engine.store.unit_of_work import Database

_NORTHWIND = Path("../shared/data/northwind")


@click.group("demo", invoke_without_command=True)
@click.option("--headless", is_flag=True, help="Drive the story without a browser; it always does so far.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of what happened.")
@click.option("--url", help="Drive a demo that is being served there instead of an installation of one's own.")
@click.pass_context
def command(context: click.Context, *, headless: bool, as_json: bool, url: str | None) -> None:  # noqa: ARG001  # the option says what happens
    """Drive one quote through all five processes to cash; exit 0 only if every invariant holds."""
    if context.invoked_subcommand is not None:
        return
    say: Callable[[str], None] = (lambda _: None) if as_json else click.echo
    report = run_story(url, say) if url else _in_own_installation(say)
    click.echo(json_text.encode(report).decode() if as_json else _summary(report))
    raise SystemExit(0 if report["ok"] else 1)


@command.command("clock")
@click.argument("by", required=False)
@click.option("--to", help="Move it to a moment, in the company's time zone: 2027-01-01T00:30.")
@click.option("--real", is_flag=True, help="Show the real time again.")
def move_clock(by: str | None, to: str | None, *, real: bool) -> None:
    """Show the company's clock, or move it BY an ISO 8601 duration such as P14D. Of a demo only.

    Timers that are due by it fire at the next tick of a worker.
    """
    product = build(Settings.from_environment())
    with closing(product.database), product.database.transaction() as tx:
        asked = real or by or to
        shown = clock.move(product.runtime, tx, clock.Move(by, to), "command line") if asked else clock.state(tx)
    by_how_much = timedelta(seconds=abs(shown.seconds_ahead))
    moved = f", {by_how_much} {'ahead' if shown.seconds_ahead > 0 else 'behind'}" if by_how_much else ""
    click.echo(f"{shown.now.astimezone(product.runtime.time_zone):%Y-%m-%d %H:%M:%S %Z}{moved}")


@command.command("northwind")
@click.option(
    "--source", default=Path("../shared/data/northwind"), show_default=True, type=click.Path(path_type=Path), help="Where the SQL file is."
)
@click.option("--orders", "most", type=click.IntRange(1), help="Replay only so many orders, the first ones.")
@click.option("--keep", is_flag=True, help="Replay into the installation of the settings, an empty one; `serve --demo` shows it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def northwind(source: Path, most: int | None, *, keep: bool, as_json: bool) -> None:
    """Replay the Northwind history through imports and processes on a moved clock; exit 0 only if every invariant holds."""
    from api.demo.northwind.run import run
    from api.demo.northwind.source import read_history
    from api.demo.throw_away import throw_away

    logs.configure("error", sys.stderr)
    told = read_history(source, most)
    with _kept() if keep else throw_away() as database, _bar(len(told.orders), "Orders") as bar:
        came = run(database, told, bar.update)
    for broken in came.broken:
        click.secho(broken, fg="red", err=True)
    figures = asdict(came.figures)
    if as_json:
        click.echo(json_text.encode(figures).decode())
    else:
        click.echo(_lines(figures))
    raise SystemExit(0 if came.figures.invariants_ok else 1)


@command.command("history")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last of the ninety days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def history(file: Path, until: datetime, *, as_json: bool) -> None:
    """Live the demo company's ninety days and keep them in FILE, as `serve --demo --history` opens with.

    Exit 0 only if every invariant holds.
    """
    from api.app import create_app
    from api.demo.history import making, seed
    from api.demo.history.house import House
    from api.demo.throw_away import throw_away

    logs.configure("error", sys.stderr)
    first, last = making.days_until(until.date())
    with throw_away() as database, _bar((last - first).days, "Days") as bar:
        made = making.make(House(database, create_app), first, last, bar.update)
        size = seed.write(database, file)
    for broken in made.broken:
        click.secho(broken, fg="red", err=True)
    figures = {**made.figures, "bytes": size, "invariants_ok": not made.broken}
    click.echo(
        json_text.encode(figures).decode()
        if as_json
        else "\n".join(f"{name.replace('_', ' '):20} {value}" for name, value in figures.items())
    )
    raise SystemExit(0 if not made.broken else 1)


def _lines(figures: Mapping[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' '):20} {value}" for name, value in figures.items())


def _bar(length: int, label: str) -> Any:
    """Shows how far it is where somebody watches; what is printed is not mixed with it."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


@contextmanager
def _kept() -> Iterator[Database]:
    product = build(Settings.from_environment())
    with closing(product.database):
        yield product.database


def _in_own_installation(say: Callable[[str], None]) -> dict[str, Any]:
    settings = Settings.from_environment()
    logs.configure("error", sys.stderr)
    product = build(settings, with_worker=True, demo=True)
    deploy_content(product, actor="ordercraft")
    load_company(product.database)
    server = Server(product, take_address(settings.host, 0))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    try:
        return run_story(server.address, say)
    finally:
        server.stop()
        serving.join(timeout=30)


def _summary(report: dict[str, Any]) -> str:
    broken = [row["id"] for row in report["invariants"] if not row["ok"]]
    return "\n".join(
        [
            "",
            f"Order {report['order_no']}",
            *(
                f"  {each['process_key']:24} {each['business_key']:12} {each['state']:10} {len(each['path'])} steps"
                for each in report["instances"]
            ),
            *(f"  {each['kind']:24} {each['number']}" for each in report["documents"]),
            "Balances",
            *(f"  {each['account']} {each['name']:36} {each['balance']:>14}" for each in report["balances"]),
            f"Broken invariants: {', '.join(broken)}" if broken else f"All {len(report['invariants'])} invariants hold.",
        ]
    )
