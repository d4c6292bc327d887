"""A new page has an example at which the tests of all pages and the pictures open it."""

from tests.pages import EXAMPLES, rules_of_pages, written


def test_every_page_with_parts_in_its_address_has_an_example_and_no_example_is_left_over(application):
    with_parts = {written(rule) for rule in rules_of_pages(application) if rule.arguments}
    assert with_parts - EXAMPLES.keys() == set(), "say in tests/pages.py where there is one of it"
    assert EXAMPLES.keys() - with_parts == set()
