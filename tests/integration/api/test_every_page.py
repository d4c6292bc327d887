"""Every page without a number in its address is there for who may do everything, and for who may only look: a form too is rendered."""

import pytest

from api.content import deploy_content
from engine.runtime.read.landscape import read_landscape
from engine.runtime.read.service_tasks import list_service_tasks
from engine.work import begin, end
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


def test_what_reads_all_that_is_deployed_is_not_refused_for_its_size(installation):
    deploy_content(installation, actor="test")
    begin(1)
    try:
        with installation.database.transaction() as tx:
            assert read_landscape(tx).processes
            assert list_service_tasks(tx, installation.runtime.service_tasks)
    finally:
        end()
