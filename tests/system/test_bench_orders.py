"""What an order costs is counted: its statements do not grow with its lines, and are not more than they were."""

import json

import pytest
from click.testing import CliRunner

from api.commands.bench import command

#: Of one order that goes alone, with the looks of its worker; of each where forty go together, it is a fifth less.
_MOST_STATEMENTS, _MOST_COMMITS = 520, 52
#: A statement more where a count is kept in parts, such as a batch of a hundred papers.
_SLACK = 25


@pytest.fixture(scope="module")
def costs():
    told = CliRunner().invoke(command, ["orders", "--lines", "3", "--lines", "60", "--callers", "--json"], catch_exceptions=False)
    return {each["lines"]: each for each in json.loads(told.output)["orders"]}


def test_an_order_of_sixty_lines_takes_as_many_statements_as_one_of_three(costs):
    assert abs(costs[60]["statements"] - costs[3]["statements"]) <= _SLACK
    assert abs(costs[60]["commits"] - costs[3]["commits"]) <= 2


def test_an_order_takes_no_more_statements_than_it_did(costs):
    assert costs[3]["statements"] <= _MOST_STATEMENTS
    assert costs[3]["commits"] <= _MOST_COMMITS


def test_the_cost_is_told_by_who_asked(costs):
    assert sum(count for count, *_ in costs[3]["callers"]) == costs[3]["statements"]
    assert costs[3]["storage_kb"] > 0
    assert costs[3]["papers_ms"] > 0
    assert costs[3]["database_ms"] is None or costs[3]["database_ms"] > 0
