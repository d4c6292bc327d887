"""`ordercraft check`."""

import json
from contextlib import closing

import click

from api.bootstrap import open_database
from api.rooms import foreign_rooms
from api.schema import migrate
from api.settings import Settings
from handlers.invariants import check_all

#: How many violations of an invariant a person is shown; `--json` has more.
_MOST_SHOWN = 5


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool) -> None:
    """Run every invariant of the books, the stock and the orders; exit 1 when one is broken."""
    strangers = foreign_rooms()
    with closing(open_database(Settings.from_environment())) as database:
        migrate(database)
        with database.transaction() as tx:
            results = check_all(tx)
    ok = not strangers and all(result.ok for result in results)
    if as_json:
        rows = [
            {"id": result.id, "ok": result.ok, "violations": result.violations, "examples": [dict(each) for each in result.examples]}
            for result in results
        ]
        click.echo(json.dumps({"ok": ok, "invariants": rows}, default=str))
    else:
        for stranger in strangers:
            click.secho(f"broken  {stranger}", fg="red")
        for result in results:
            mark = click.style("holds ", fg="green") if result.ok else click.style("broken", fg="red")
            click.echo(f"{mark}  {result.id}  {result.sentence}{'' if result.ok else f' ({result.violations} violations)'}")
            for example in result.examples[:_MOST_SHOWN]:
                click.echo(f"        {', '.join(f'{name} {value}' for name, value in example.items() if value is not None)}")
    raise SystemExit(0 if ok else 1)
