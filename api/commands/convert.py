"""`ordercraft convert`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from engine.models.converting import Converted, Fate, as_markdown, convert
from engine.models.converting.report import summary
from engine.problems import Problem


@click.command("convert")
@click.argument("diagrams", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write what was converted, and the reports, into this folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every setting.")
def command(*, diagrams: tuple[Path, ...], folder: Path | None, as_json: bool) -> None:
    """Convert diagrams of Camunda 7 and 8; exit 1 where a person must decide something, or a file is no diagram."""
    reports: dict[str, object] = {}
    code = 0
    for path in diagrams:
        try:
            made = convert(path.name, path.read_bytes())
        except Problem as problem:
            reports[str(path)] = {"error": problem.detail, "next_step": problem.next_step}
            _say(f"{path}: {problem.detail} {problem.next_step}", quiet=as_json)
            code = 1
            continue
        reports[str(path)] = {"summary": summary(made.notes), "notes": [asdict(note) for note in made.notes], "files": sorted(made.files)}
        code = max(code, 1 if _tell(path, made, quiet=as_json) else 0)
        if folder is not None:
            _write(folder, path, made)
    if as_json:
        click.echo(json.dumps(reports, ensure_ascii=False))
    raise SystemExit(code)


def _tell(path: Path, made: Converted, *, quiet: bool) -> bool:
    """Say what became of a file. Answers whether somebody must decide something."""
    left = [note for note in made.notes if note.fate is Fate.LEFT]
    _say(f"{path}: {summary(made.notes)}", quiet=quiet)
    for note in left:
        _say(f"  to decide  {note.element}: {note.what}\n             {note.became}", quiet=quiet)
    return bool(left)


def _write(folder: Path, path: Path, made: Converted) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {path.name: made.content, **made.files}.items():
        (folder / name).write_bytes(content)
    (folder / f"{path.stem}.import.md").write_text(as_markdown(path.name, made.notes), encoding="utf-8")


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(text)
