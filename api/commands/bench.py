"""`ordercraft bench`."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from engine.runtime.benchmark import run
from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database


@click.group("bench")
def command() -> None:
    """Measure. Figures are printed, never judged."""


@command.command("engine")
@click.option("--instances", default=500, show_default=True, help="How many instances of each case.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def engine(instances: int, *, as_json: bool) -> None:
    """Measure the engine, durable, on an embedded PostgreSQL of its own: (a) ten script tasks; (b) scripts, a gateway, a user task."""
    from api.schema import migrate

    directory = Path(tempfile.mkdtemp(prefix="ordercraft-bench-"))
    database = Database(start_embedded(directory / "postgres"))
    try:
        migrate(database)
        cases = {case: asdict(run(database, case, instances)) for case in ("a", "b")}
    finally:
        database.close()
        shutil.rmtree(directory, ignore_errors=True)
    if as_json:
        click.echo(json.dumps({"cases": cases}))
        return
    for case, figures in cases.items():
        click.echo(f"case {case}: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items()))
