"""What a check of a bundle and its scenarios say, on the command line."""

import click

from engine.models.check import CheckedBundle
from engine.runtime.dry_run.coverage import Coverage
from engine.runtime.dry_run.outcome import OutcomeDiff
from engine.runtime.dry_run.suite import SuiteRun

#: How many names of what no scenario reaches are told; `--json` has all.
_MOST_TOLD = 8


def tell_findings(checked: CheckedBundle) -> None:
    """A line for each finding; exits with 1 when one is an error."""
    for finding in checked.findings:
        where = f"{finding.path}{f' #{finding.element_id}' if finding.element_id else ''}"
        click.echo(f"{finding.severity}: {where}: {finding.message} {finding.next_step}")
    if not checked.ok:
        raise SystemExit(1)


def tell_scenarios(run: SuiteRun) -> None:
    """A line for each scenario and why it failed, and what none of them reaches; exits with 1 when one failed."""
    for each in run.scenarios:
        mark = click.style("passes", fg="green") if each.ok else click.style("fails ", fg="red")
        click.echo(f"{mark}  {each.path}: {each.name}")
        for sentence in each.says:
            click.echo(f"        {sentence}")
    if run.scenarios:
        _tell_coverage(run.coverage)
    if not run.ok:
        click.echo(
            f"{len(run.failed)} of {len(run.scenarios)} scenarios fail. Correct the model, or the scenario where the change is meant."
        )
        raise SystemExit(1)


def tell_outcome(diff: OutcomeDiff, against: str) -> None:
    """A line for each scenario that turns out differently."""
    for each in diff.changed:
        click.echo(f"Against {against}, {each.sentence}")
    if diff.outcomes and diff.same:
        click.echo(f"Against {against}, no scenario turns out differently.")


def _tell_coverage(coverage: Coverage) -> None:
    parts = {
        "elements": [(each.id, each.scenarios) for each in coverage.elements],
        "flows": [(each.id, each.scenarios) for each in coverage.flows],
        "rules": [(f"{each.decision} {each.rule}", each.scenarios) for each in coverage.rules],
    }
    for what, counted in parts.items():
        missing = [name for name, scenarios in counted if not scenarios]
        shown = ", ".join(missing[:_MOST_TOLD]) + (f" and {len(missing) - _MOST_TOLD} more" if len(missing) > _MOST_TOLD else "")
        click.echo(f"{len(counted) - len(missing)} of {len(counted)} {what} reached{f'; not {shown}' if missing else ''}.")
