"""Instances stored by earlier releases open and go on as if nothing had happened."""

import json
from pathlib import Path

import pytest

from tests.unit.spiff.stored import cases, told

STORED = json.loads((Path(__file__).parent / "states" / "format_1.json").read_text())


def test_every_case_has_its_state():
    assert STORED["cases"].keys() == cases().keys()


@pytest.mark.parametrize("name", STORED["cases"])
def test_an_instance_stored_in_format_1_opens_and_goes_on(name):
    case, kept = cases()[name], STORED["cases"][name]
    play = case.resumed(kept["state"].encode())
    assert told(play) == kept["stored"]
    for act in case.after:
        act(play)
    assert told(play) == kept["ended"]
