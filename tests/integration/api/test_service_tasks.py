"""The catalogue of service tasks, by API and as a page."""

import pytest

from api.content import deploy_content
from tests.unit.ui.conftest import statements


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def sara(installation, signed_in):
    """Somebody who may only read, where the product's processes are deployed."""
    deploy_content(installation, actor="the product")
    return signed_in("sara")


def test_a_service_task_is_told_with_its_fields_errors_uses_and_an_example(sara):
    entry = sara.get("/api/v1/service-tasks/quoting.price_quote").json
    assert entry["task"]["parameters"] == [
        {
            "name": "quote_no", "type": "string", "said": "text", "required": True, "default": None, "meaning": "Which quote.",
            "choices": [], "fields": [],
        }
    ]  # fmt: skip
    assert entry["task"]["errors"] == [
        {"code": "PRICE_MISSING", "meaning": "When an item has no price that holds for the quote."},
        {"code": "QUOTE_CLOSED", "meaning": "When the quote is answered, withdrawn or expired."},
    ]
    assert {"bundle": "quote-to-order", "step_name": "Price quote"}.items() <= entry["uses"][0].items()
    assert entry["example"]["parameters"] == {"quote_no": "quote_no"}
    assert entry["example"]["answer"]["currency"] == "EUR"
    assert sara.get("/api/v1/service-tasks/quoting.prise_quote").json["next_step"].startswith("Did you mean quoting.price_quote")


def test_the_catalogue_is_searched_by_purpose_parameter_and_error_on_a_constant_number_of_statements(sara, installation):
    found = {entry["task"]["name"] for entry in sara.get("/api/v1/service-tasks?search=no_supplier").json["items"]}
    assert found == {"dropship.select_supplier"}
    with statements(installation.database) as sent:
        page = sara.get("/processes/service-tasks?q=carrier&name=fulfillment.book_carrier").text
    assert "ADDRESS_REFUSED" in page
    assert "When the carrier does not deliver to the address." in page
    assert 'href="/processes/fulfillment-to-invoice#step-' in page
    assert len([each for each in sent if "deployment" in each]) == 2
    assert "No service task fits this search" in sara.get("/processes/service-tasks?q=zzz").text
    assert sara.get("/processes/service-tasks?name=zzz").status_code == 404


def test_every_service_task_has_an_element_template_in_one_file_that_its_page_links_to(sara, installation):
    answer = sara.get("/api/v1/service-tasks/element-templates")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ordercraft.json"'
    templates = {each["id"]: each for each in answer.json}
    assert set(templates) == {f"ordercraft.{task.name}" for task in installation.runtime.service_tasks}
    price = templates["ordercraft.quoting.price_quote"]
    assert price["description"].endswith("It may refuse with PRICE_MISSING, QUOTE_CLOSED.")
    bound = {(each["binding"]["type"], each["binding"]["name"]): each for each in price["properties"]}
    assert bound["property", "camunda:topic"] == {
        "type": "Hidden", "value": "quoting.price_quote", "binding": {"type": "property", "name": "camunda:topic"},
    }  # fmt: skip
    quote_no = bound["camunda:inputParameter", "quote_no"]
    assert (quote_no["value"], quote_no["constraints"]) == ("=quote_no", {"notEmpty": True})
    assert quote_no["description"].startswith("Text. Which quote. Text as it stands, FEEL behind =")
    assert {("camunda:property", "resultVariable"), ("camunda:property", "retry")} < set(bound)
    assert 'href="/api/v1/service-tasks/element-templates"' in sara.get("/processes/service-tasks").text
