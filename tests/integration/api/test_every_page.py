"""Every page without a number in its address is there for who may do everything, and for who may only look: a form too is rendered."""

import pytest

from ui.pages import GET, ROUTES

PAGES = sorted(rule for rule, _, methods in ROUTES if methods == GET and "<" not in rule)
#: What has to be told of which tasks or instances it is meant.
ASKING = {"/worklist/decide": 422, "/operations/batches/new": 422}
FINE = {200, 302, 303}


@pytest.mark.parametrize("name", ["edith", "jonas"])
def test_every_page_answers_a_person(signed_in, name):
    person = signed_in(name)
    answers = {page: person.get(page).status_code for page in PAGES}
    refused = {page: code for page, code in answers.items() if code not in FINE}
    assert set(refused.values()) <= {403, 422}
    if name == "edith":
        assert refused == ASKING
