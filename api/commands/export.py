"""`ordercraft export`."""

import json
import zipfile
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from api.bootstrap import open_database
from api.schema import migrate
from api.settings import Settings
from engine.runtime.state import audit
from handlers.reporting import audit_file


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day, such as 2026-01-01.")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def command(*, file: Path, since: datetime, until: datetime, as_json: bool) -> None:
    """Write the books of some days for an auditor: a ZIP of CSV files with a manifest; exit 1 where they do not add up."""
    made = _write(file, since.date(), until.date())
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False))
    else:
        for name, told in made["files"].items():
            click.echo(f"{name:24} {told['rows']:>12,} rows")
        click.echo(f"{file}: {file.stat().st_size:,} bytes, " + ("everything adds up." if made["agrees"] else "IT DOES NOT ADD UP."))
    raise SystemExit(0 if made["agrees"] else 1)


def _write(file: Path, since: date, until: date) -> dict[str, Any]:
    """Write the file and answer its manifest; what is half written is taken away again."""
    audit_file.check_days(since, until)
    try:
        with closing(open_database(Settings.from_environment())) as database:
            migrate(database)
            detail = {"since": since.isoformat(), "until": until.isoformat()}
            entry = audit.Entry("command line", "export", "export:audit-file", detail=detail)
            database.run(lambda tx: audit.record(tx, entry))
            with database.transaction() as tx, file.open("wb") as out:
                for piece in audit_file.pieces(tx, since, until):
                    out.write(piece)
        with zipfile.ZipFile(file) as archive:
            made: dict[str, Any] = json.loads(archive.read("manifest.json"))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return made
