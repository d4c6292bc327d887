"""`ordercraft scenarios`."""

from pathlib import Path

import click

from api.auth.roles import GROUPS
from api.json_provider import write_answer
from api.model_report import tell_findings, tell_scenarios
from api.settings import Settings
from engine.iso8601 import zone_of
from engine.models.bundle import read_bundle
from engine.models.check import check
from engine.runtime.dry_run.suite import play_all
from handlers.registry import service_tasks


@click.command("scenarios")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with what each scenario covers.")
def command(folder: Path, *, as_json: bool) -> None:
    """Play all scenarios of a folder; exit 1 when one does not come out as it says. Needs no database."""
    zone, tasks = zone_of(Settings.from_environment().time_zone), service_tasks()
    bundle = read_bundle(folder)
    checked = check(bundle, tasks, GROUPS, zone)
    if as_json:
        run = play_all(checked, bundle, tasks, zone) if checked.ok else None
        click.echo(write_answer({"ok": run is not None and run.ok, "findings": checked.findings, "run": run}))
        raise SystemExit(0 if run is not None and run.ok else 1)
    if not checked.ok:
        tell_findings(checked)
    tell_scenarios(play_all(checked, bundle, tasks, zone))
