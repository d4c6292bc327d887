"""`ordercraft edi`."""

import json
from pathlib import Path

import click

from engine.problems import Problem
from handlers.edi.acknowledging import PARTLY, REJECTED, status_of, status_of_interchange
from handlers.edi.interchange import Finding, Interchange
from handlers.edi.reading import read_file


@click.command("edi")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object by file.")
def command(*, files: tuple[Path, ...], as_json: bool) -> None:
    """Read X12 or EDIFACT files and say what is wrong with them, without taking anything in; exit 1 where something is rejected."""
    told = {str(path): _read(path) for path in files}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for path, (interchanges, findings) in told.items():
            _say(path, interchanges, findings)
    raise SystemExit(1 if any(findings or any(map(_is_rejected, found)) for found, findings in told.values()) else 0)


def _is_rejected(told: dict[str, object]) -> bool:
    return told["status"] in {REJECTED, PARTLY}


def _read(path: Path) -> tuple[list[dict[str, object]], list[str]]:
    try:
        found, left = read_file(path.read_bytes())
    except Problem as problem:
        return [], [f"{problem.detail} {problem.next_step}"]
    return [_told(each) for each in found], [each.message for each in left]


def _told(interchange: Interchange) -> dict[str, object]:
    return {
        "syntax": interchange.syntax,
        "sender": interchange.sender,
        "receiver": interchange.receiver,
        "control_no": interchange.control_no,
        "status": status_of_interchange(interchange),
        "findings": [_sentence(each) for each in interchange.findings],
        "transactions": [
            {
                "kind": each.kind,
                "control_no": each.control_no,
                "version": each.version,
                "segments": len(each.segments),
                "status": status_of(interchange, group, each),
                "findings": [_sentence(finding) for finding in (*group.findings, *each.findings)],
            }
            for group, each in interchange.transactions
        ],
    }


def _sentence(finding: Finding) -> str:
    return f"segment {finding.segment}: {finding.message}" if finding.segment else finding.message


def _say(path: str, interchanges: list[dict[str, object]], findings: list[str]) -> None:
    for each in interchanges:
        click.echo(f"{path}: {each['syntax']} {each['control_no']} from {each['sender']} to {each['receiver']}: {each['status']}")
        _list(each["findings"], "  ")
        transactions = each["transactions"]
        for told in transactions if isinstance(transactions, list) else ():
            click.echo(f"  {told['kind']} {told['control_no']} ({told['version']}, {told['segments']} segments): {told['status']}")
            _list(told["findings"], "    ")
    for finding in findings:
        click.echo(f"{path}: {finding}")


def _list(findings: object, indent: str) -> None:
    for each in findings if isinstance(findings, list) else ():
        click.echo(f"{indent}{each}")
