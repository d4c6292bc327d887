# ruff: noqa: T201  # a command speaks by printing
"""`make mutants`: tries every mutant of what `targets.py` names and prints what no test noticed.

    python -m tests.mutation [GROUP ...] [--only REGEX] [--again] [--sql | --python] [--unit] [--survey] [--tests PATH ...]

`--only` takes the mutants whose file, function or change matches; `--again` those that were alive in the last run; `--sql` asks only the
tests that have a case for each condition, where the group names them; `--unit` asks the
unit tests only, and `--tests` those it names; `--survey` only tells which conditions of SQL never make a difference. What each run finds
is kept in `.mutants/`. A mutant that changes nothing anybody could see stands in `equivalents.toml` with the reason.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tests.mutation.python_mutants import Mutant
from tests.mutation.runner import Outcome, Runner
from tests.mutation.targets import GROUPS

_KEPT = Path(".mutants")
_EQUIVALENTS = Path(__file__).with_name("equivalents.toml")


def main() -> int:
    """Each group in a process of its own, or the one that is asked for."""
    asked = _asked()
    if asked.inside:
        return _run(asked)
    names = asked.groups or [group.name for group in GROUPS]
    _KEPT.mkdir(parents=True, exist_ok=True)
    codes = [subprocess.call([sys.executable, "-m", "tests.mutation", name, "--inside", *_passed_on(asked)]) for name in names]
    _table(names)
    return max(codes)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("groups", nargs="*", choices=[*(group.name for group in GROUPS), []])
    parser.add_argument("--only", default="")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--sql", action="store_true")
    parser.add_argument("--python", action="store_true")
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--tests", nargs="*", default=[])
    parser.add_argument("--survey", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _passed_on(asked: argparse.Namespace) -> list[str]:
    return [
        f"--only={asked.only}",
        "--tests",
        *asked.tests,
        *(f"--{name}" for name in ("again", "sql", "python", "unit", "survey") if getattr(asked, name)),
    ]


def _run(asked: argparse.Namespace) -> int:
    (group,) = (each for each in GROUPS if each.name == asked.groups[0])
    path = _KEPT / f"{group.name}.jsonl"
    before = _read(path)
    alive = {_key(each) for each in before if each.state != "killed"}
    equivalent = _equivalents()

    def wanted(mutant: Mutant) -> bool:
        key = (mutant.file, mutant.where, mutant.change)
        kind = not (asked.sql or asked.python) or bool(mutant.sql) == asked.sql
        fits = re.search(asked.only, " ".join(key)) is not None
        return kind and fits and key not in equivalent and (not asked.again or key in alive)

    named = asked.tests or (asked.sql and group.sql_tests) or group.tests
    tests = [each for each in named if each.startswith("tests/unit") or not asked.unit]

    def keep() -> None:
        kept = [each for each in _merged(before, found, asked) if _key(each) in runner.known]
        path.write_text("".join(f"{json.dumps({n: getattr(e, n) for n in Outcome.__slots__})}\n" for e in kept))

    def told(outcome: Outcome) -> None:
        _tell(outcome)
        if not asked.survey:
            found.append(outcome)
            keep()

    found: list[Outcome] = []
    runner = Runner(group, wanted, told, survey=asked.survey)
    code = pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=native", *tests], plugins=[runner])
    if runner.red:
        print(f"{group.name}: red without any mutant: {', '.join(runner.red)}")
        return 2
    if runner.known:
        keep()  # also where nothing was left to try
    return int(code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})


def _merged(before: list[Outcome], found: list[Outcome], asked: argparse.Namespace) -> list[Outcome]:
    """What is known after a part was tried anew, or only what was found when all is."""
    tried = {_key(each) for each in found}
    return [*(each for each in before if (asked.again or asked.only or asked.sql or asked.python) and _key(each) not in tried), *found]


def _tell(outcome: Outcome) -> None:
    if outcome.state != "killed":
        print(f"{outcome.state:9} {outcome.file}:{outcome.line} {outcome.where}\n          {outcome.change} {outcome.by}", flush=True)


def _read(path: Path) -> list[Outcome]:
    return [Outcome(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def _key(outcome: Outcome) -> tuple[str, str, str]:
    return (outcome.file, outcome.where, outcome.change)


def _equivalents() -> set[tuple[str, str, str]]:
    listed = tomllib.loads(_EQUIVALENTS.read_text()).get("equivalent", [])
    return {(each["file"], each["where"], each["change"]) for each in listed}


def _table(names: list[str]) -> None:
    """How many mutants of each file there were, how many a test noticed, and how many are equivalent."""
    equivalent: dict[str, int] = defaultdict(int)
    for file, _, _ in _equivalents():
        equivalent[file] += 1
    print(f"\n{'file':52} {'kind':6} {'mutants':>7} {'killed':>7} {'alive':>6} {'share':>6} {'equivalent':>10}")
    for name in names:
        by_file: dict[tuple[str, bool], list[Outcome]] = defaultdict(list)
        for outcome in _read(_KEPT / f"{name}.jsonl"):
            if outcome.state != "invalid" and _key(outcome) not in _equivalents():
                by_file[outcome.file, outcome.sql].append(outcome)
        for (file, sql), outcomes in sorted(by_file.items()):
            killed = sum(each.state == "killed" for each in outcomes)
            share = f"{100 * killed // len(outcomes)} %"
            kind = "SQL" if sql else "Python"
            print(f"{file:52} {kind:6} {len(outcomes):7} {killed:7} {len(outcomes) - killed:6} {share:>6} {equivalent[file]:10}")


if __name__ == "__main__":
    sys.exit(main())
