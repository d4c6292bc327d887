"""`ordercraft import`."""

import sys
from contextlib import closing
from dataclasses import asdict
from getpass import getuser
from pathlib import Path

import click
from sqlalchemy.orm import Session

from api import logs
from api.bootstrap import build
from api.product import Product
from api.settings import Settings
from engine.runtime.verbs.pending_changes import Wanting
from engine.store import json_text
from engine.store.paging import Asked
from handlers.imports import files, verbs, views
from handlers.imports.kinds import all_kinds, find_kind

_MOST_SHOWN = 20
_WORDS = {"ADD": "new", "CHANGE": "changed", "SAME": "on file already", "WAITS": "wait for a second person", "WRONG": "to correct"}


@click.group("import")
def command() -> None:
    """Bring in masters, stock, orders and open items by CSV or XLSX."""
    logs.configure("error", sys.stderr)


@command.command("kinds")
def kinds() -> None:
    """List what can be brought in, in the order in which a new company does it."""
    for kind in all_kinds():
        click.echo(f"{kind.code:24} {kind.about}")


@command.command("template")
@click.argument("kind")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, as .csv or .xlsx; else CSV to the output.")
def template(kind: str, to: Path | None) -> None:
    """Write the headings of a KIND with a row of examples."""
    found = find_kind(kind)
    if to is None:
        click.echo(files.template(found, "csv").decode("utf-8-sig"), nl=False)
    else:
        to.write_bytes(files.template(found, to.suffix.lstrip(".").lower()))


@command.command("check")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(kind: str, file: Path, *, as_json: bool) -> None:
    """Say what each row of FILE would do, and write nothing; exit 1 where a row is wrong."""
    _take(kind, file, applies=False, as_json=as_json)


@command.command("apply")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to-correct", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows that are wrong there, .csv or .xlsx.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def apply(kind: str, file: Path, to_correct: Path | None, *, as_json: bool) -> None:
    """Write the good rows of FILE; exit 1 where a row is wrong. The same file again changes nothing."""
    _take(kind, file, applies=True, as_json=as_json, to_correct=to_correct)


@command.command("undo")
@click.argument("import_id", type=int)
@click.option("--reason", default="", help="Why.")
def undo(import_id: int, reason: str) -> None:
    """Take an import back where nothing was built on it."""
    product = _product()
    with closing(product.database):
        product.database.run(lambda tx: verbs.undo(product.runtime, tx, import_id, Wanting(_who(), reason)))
    click.echo(f"Import {import_id} is undone.")


def _take(code: str, file: Path, *, applies: bool, as_json: bool, to_correct: Path | None = None) -> None:
    kind = find_kind(code)
    product = _product()
    with closing(product.database):

        def take(tx: Session) -> int:
            given = verbs.File(kind=kind.code, name=file.name, data=file.read_bytes())
            number = verbs.check(product.runtime, tx, given, _who())
            if applies:
                verbs.apply(product.runtime, tx, number, Wanting(_who()))
            return number

        number = product.database.run(take)
        shown, wrong = _look(product, number)
        if to_correct is not None and shown.counts["WRONG"]:
            headings, rows = product.database.run(lambda tx: views.wrong_rows(tx, number))
            to_correct.write_bytes(files.corrections(headings, rows, to_correct.suffix.lstrip(".").lower()))
    if as_json:
        click.echo(
            json_text.encode({"summary": asdict(shown), "wrong": [{"line": row.line_no, "errors": row.errors} for row in wrong]}).decode()
        )
    else:
        _say(shown, wrong)
    raise SystemExit(1 if shown.counts["WRONG"] else 0)


def _look(product: Product, number: int) -> tuple[views.ImportSummary, list[views.ImportRow]]:
    def look(tx: Session) -> tuple[views.ImportSummary, list[views.ImportRow]]:
        return views.show_import(tx, number), list(views.list_rows(tx, number, "WRONG", Asked(_MOST_SHOWN)).rows)

    return product.database.run(look)


def _say(shown: views.ImportSummary, wrong: list[views.ImportRow]) -> None:
    figures = ", ".join(f"{shown.counts[name]:,} {word}" for name, word in _WORDS.items() if shown.counts[name])
    click.echo(f"Import {shown.id}, {shown.state.lower()}: {figures}.")
    if shown.pending_change_id:
        click.echo(f"Change {shown.pending_change_id} waits for a second person.")
    for row in wrong:
        click.echo(f"  line {row.line_no}: {row.wrong}")
    if shown.counts["WRONG"] > len(wrong):
        click.echo(f"  and {shown.counts['WRONG'] - len(wrong):,} more.")


def _product() -> Product:
    return build(Settings.from_environment())


def _who() -> str:
    return f"command line ({getuser()})"
