"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from engine.runtime.state.verbs_by_state import VERBS
from engine.store.locks import Advisory, Lock

DOCS = Path(__file__).resolve().parents[2] / "docs"
STATES = ("running", "waiting", "incident", "leased", "suspended", "completed", "cancelled")


def rows(name, columns):
    found = re.findall(r"^\| (.+) \|$", (DOCS / name).read_text(), re.MULTILINE)
    cells = [tuple(cell.strip().strip("`") for cell in row.split("|")) for row in found]
    return [each for each in cells if len(each) == columns]


def test_the_order_of_locks_is_the_one_the_code_takes():
    assert rows("locks.md", 3)[1:] == [(str(place), lock.value, lock.key) for place, lock in enumerate(Lock, 1)]
    assert rows("locks.md", 2)[1:] == [(number.name, str(int(number))) for number in Advisory]


def test_what_a_verb_does_in_a_state_is_what_the_document_says():
    assert rows("states-and-verbs.md", 8)[1:] == [(verb, *(answers[state].value for state in STATES)) for verb, answers in VERBS.items()]


@pytest.mark.parametrize("name", ["LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", ".editorconfig", "docs/decisions.md", "docs/glossary.md"])
def test_what_a_newcomer_looks_for_is_there(name):
    assert (DOCS.parent / name).stat().st_size > 100


def test_every_test_that_a_document_names_is_there():
    named = {name for each in DOCS.glob("*.md") for name in re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", each.read_text())}
    missing = [name for name in sorted(named) if not _is_there(name)]
    assert named
    assert missing == []


def _is_there(name):
    file, _, test = name.partition("::")
    path = DOCS.parent / file
    return path.is_file() and (not test or f"def {test}(" in path.read_text())
