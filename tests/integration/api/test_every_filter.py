"""Every filter of every list says what it does not know, for an empty list would say that there is nothing.

Which filters a page has is watched while it reads its address; which an operation has stands in the description of the API: a new one
is tried as soon as it is there.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import ImmutableMultiDict

from ui.pages import GET, ROUTES

PAGES = sorted(rule for rule, _, methods in ROUTES if methods == GET and "<" not in rule)
#: What is searched for, in whatever there is of it: that nothing is found is the answer.
SEARCHED = {
    *("q", "search", "key", "target", "actor", "about", "source", "source_id", "order_no", "group_no", "business_key", "variable", "value"),
    *("element_id", "form_key", "topic", "worker"),
}
#: What an act leaves in the address for the page behind it, and where a page begins.
TOLD = {"done", "acknowledged", "cursor"}
#: Pages that fill in a form from their address: only these of their parameters narrow what is listed.
FILLED_IN = {
    "/master-data/allocations": set(),
    "/master-data/made-items": set(),
    "/master-data/prices": {"list"},
    "/master-data/rates": set(),
    "/master-data/supplier-prices": {"of", "all"},
    "/operations/signals": set(),
    "/quotes/new": set(),
}
#: What a page must be told before it looks at its filter.
FIRST = {"/operations/batches/new": {"verb": "cancel"}}
#: They show what is named, and say where it is none.
OPENED = {
    *(("/processes/rules", "name"), ("/processes/service-tasks", "name"), ("/worklist/decide", "task")),
    *(("/operations/batches/new", "element"), ("/operations/batches/new", "instance")),
}


class Watched(ImmutableMultiDict):  # type: ignore[type-arg]
    """The parameters of an address, which remembers of which it was asked."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, *more: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *more, **options)

    def getlist(self, key: str, *more: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *more)


@pytest.fixture
def watching(application) -> Iterator[set[str]]:
    """The names of the parameters that a page has asked for."""
    before, application.request_class.parameter_storage_class = application.request_class.parameter_storage_class, Watched
    Watched.asked.clear()
    yield Watched.asked
    application.request_class.parameter_storage_class = before


def test_no_page_shows_an_empty_list_for_a_name_that_it_does_not_know(signed_in, watching):
    edith = signed_in("edith")
    silent = []
    for page in PAGES:
        watching.clear()
        edith.get(page, query_string=FIRST.get(page))
        names = [name for name in sorted(watching - SEARCHED - TOLD) if name in FILLED_IN.get(page, {name}) and (page, name) not in OPENED]
        silent += [f"{page}?{name}=nope" for name in names if not _says(edith, page, name)]
    assert silent == [], "\n".join(silent)


def test_no_operation_of_the_api_answers_an_empty_list_for_a_name_that_it_does_not_know(signed_in):
    edith = signed_in("edith")
    described = edith.get("/openapi/openapi.json").json["paths"]
    silent = []
    for path, operations in described.items():
        named = operations.get("get", {}).get("parameters", ()) if "{" not in path else ()
        asked = [{each["name"]: "nope"} for each in named if each["name"] not in SEARCHED]
        silent += [f"{path} {each}" for each in asked if edith.get(path, query_string=each).status_code < HTTPStatus.BAD_REQUEST]
    assert silent == [], "\n".join(silent)


def _says(browser: FlaskClient, page: str, name: str) -> bool:
    """Whether a page refuses a value, or shows in a warning that it does not understand it."""
    answer = browser.get(page, query_string={**FIRST.get(page, {}), name: "nope"})
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return "nope" in answer.text
    warnings = html.fromstring(answer.text).xpath("//*[@role='alert']") if answer.content_type.startswith("text/html") else []
    return any("nope" in each.text_content() for each in warnings)
