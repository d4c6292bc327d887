"""Writes the examples of the pages of rules from the cases of the linter's tests: `python -m tests.rule_examples`."""

import json
from collections import Counter
from pathlib import Path

from engine.models import examples
from engine.models.bundle import Bundle
from engine.models.check import check
from tests.unit.models.drawing import service_tasks
from tests.unit.models.test_linter import CASES, Case

FOLDER = Path(examples.__file__).parent


def wanted() -> dict[str, str]:
    """The files of all examples, by their names."""
    return {f"{rule}.json": _file(rule) for rule in sorted({case.rule for case in CASES})}


def there() -> dict[str, str]:
    """The files as they are."""
    return {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}


def write() -> None:
    """Write what is wanted and nothing else."""
    for name in there():
        (FOLDER / name).unlink()
    for name, text in wanted().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _file(rule: str) -> str:
    # The case whose two bundles differ least says most clearly what the rule is about.
    case = min((each for each in CASES if each.rule == rule), key=_distance)
    found = check(case.wrong, service_tasks(), {"sales"}, calendars={"vienna"}).findings
    said = next(each for each in found if (each.rule, each.element_id) == (rule, case.element))
    told = {"element_id": said.element_id, "severity": said.severity, "message": said.message, "next_step": said.next_step}
    return json.dumps({**told, "wrong": _texts(case.wrong), "right": _texts(case.right)}, indent=1, ensure_ascii=False) + "\n"


def _texts(bundle: Bundle) -> dict[str, list[str]]:
    return {path: content.decode().splitlines() for path, content in sorted(bundle.files.items())}


def _distance(case: Case) -> int:
    one, other = (Counter((path, line) for path, lines in _texts(each).items() for line in lines) for each in (case.wrong, case.right))
    return (one - other).total() + (other - one).total()


if __name__ == "__main__":
    write()
