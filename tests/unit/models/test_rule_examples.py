"""The page of each rule shows what the tests of the linter show."""

from engine.models.examples import example_of, rules
from engine.models.linter import RULES
from tests import rule_examples


def test_each_rule_has_the_example_of_its_test():
    assert rule_examples.there() == rule_examples.wanted(), "python -m tests.rule_examples"


def test_each_example_says_why_and_shows_what_is_wrong_and_what_is_right():
    assert {each.name for each in rules()} == set(RULES)
    for rule in rules():
        example = example_of(rule.name)
        assert example is not None
        assert rule.why.endswith(".")
        assert example.message.endswith(".")
        assert example.next_step
        assert any(line.differs for excerpt in (*example.wrong, *example.right) for line in excerpt.lines)
    assert example_of("no-such-rule") is None
