"""`ordercraft deploy`."""

from pathlib import Path

import click

from api.auth.roles import GROUPS
from api.bootstrap import build
from api.model_report import tell_findings, tell_outcome, tell_scenarios
from api.product import Product
from api.settings import Settings
from engine.models.bundle import read_bundle
from engine.models.check import CheckedBundle, check
from engine.runtime.dry_run.stage import compare_with_deployed
from engine.runtime.dry_run.suite import play_all
from engine.runtime.read.drafts import deployed_version
from engine.runtime.verbs import deploy


@click.command("deploy")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Say what is wrong; deploy nothing.")
@click.option("--no-scenarios", is_flag=True, help="Deploy without playing the folder's scenarios.")
@click.option("--as", "actor", default="command line", show_default=True, help="Who deploys; it goes to the record.")
@click.option("--note", default="", help="What has changed and why; it stands in the list of versions.")
def command(folder: Path, *, only_check: bool, no_scenarios: bool, actor: str, note: str) -> None:
    """Deploy a folder of diagrams, decisions and forms as one version, when all its scenarios come out as they say."""
    product = build(Settings.from_environment())
    bundle = read_bundle(folder)
    checked = check(bundle, product.runtime.service_tasks, GROUPS, product.runtime.time_zone)
    tell_findings(checked)
    if not no_scenarios:
        tell_scenarios(play_all(checked, bundle, product.runtime.service_tasks, product.runtime.time_zone))
        _tell_what_changes(product, checked)
    if only_check:
        click.echo(f"{bundle.name} may be deployed.")
        return
    with product.database.transaction() as tx:
        made = deploy.deploy(product.runtime, tx, bundle, deploy.Author(actor, note), GROUPS)
        versions = deploy.versions_of(tx, made)
    for key, version in sorted(versions.items()):
        click.echo(_told(key, version, new=made.new))


def _tell_what_changes(product: Product, checked: CheckedBundle) -> None:
    with product.database.transaction() as tx:
        version = deployed_version(tx, checked.bundle.name)
        diff = compare_with_deployed(product.runtime, tx, checked) if version is not None else None
    if diff is not None:
        tell_outcome(diff, f"version {version}")


def _told(key: str, version: int, *, new: bool) -> str:
    if not new:
        return f"Unchanged: {key} stays at version {version}."
    return f"Deployed: {key} is now version {version}{f' (was {version - 1})' if version > 1 else ''}."
