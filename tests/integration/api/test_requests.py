import re
from datetime import timedelta
from inspect import unwrap

import pytest
from sqlalchemy import select, text

from api.auth.model import UserAccount
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token

PUMP = {"sku": "PUMP-7", "name": "Garden pump", "cost": "19.90"}


def rows(installation, table):
    with installation.database.transaction() as tx:
        return tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_without_signing_in_the_api_answers_401_with_what_to_do(client):
    answer = client.get("/api/v1/orders")
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "/login" in answer.json["next_step"]


def test_without_signing_in_a_page_leads_to_the_login_and_back(client):
    assert client.get("/orders?status=SHIPPED").headers["Location"] == "/login?next=/orders?status=SHIPPED"


def test_signing_in_does_not_lead_to_another_site(client):
    answer = client.post("/login", data={"persona": "sara", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"
    assert client.post("/login", data={"persona": "sara", "next": "//elsewhere.example"}).headers["Location"] == "/"


def test_a_role_that_is_missing_is_named_and_nothing_changes(signed_in, installation):
    before = rows(installation, "item")
    answer = signed_in("jonas").post("/api/v1/items", json=PUMP)
    assert answer.status_code == 403
    assert "order" in answer.json["detail"]
    assert rows(installation, "item") == before


def test_a_token_without_a_role_of_its_person_says_how_to_make_a_better_one(client, installation):
    with installation.database.transaction() as tx:
        tom = tx.scalar(select(UserAccount).where(UserAccount.name == "tom"))
        bearer = {"Authorization": f"Bearer {add_token(tx, tom, NewToken('shop', (Role.READ,), timedelta(days=1)))}"}
    answer = client.post("/api/v1/items", json=PUMP, headers=bearer)
    assert (answer.status_code, answer.json["detail"]) == (403, "This token lacks the role order.")
    assert "ordercraft user token tom" in answer.json["next_step"]


@pytest.mark.parametrize("page", ["/", "/orders"])
def test_a_head_on_a_page_leads_where_its_get_does(client, signed_in, page):
    assert client.head(page).headers["Location"] == client.get(page).headers["Location"]
    assert signed_in("sara").head(page).status_code == 200


def test_a_post_from_a_foreign_page_is_refused(signed_in, installation):
    browser = signed_in("tom")
    del browser.environ_base["HTTP_X_CSRF_TOKEN"]
    assert browser.post("/api/v1/items", json=PUMP).json["code"] == "csrf"


def test_the_same_key_and_body_get_the_same_answer_and_one_item(signed_in, installation):
    tom, before = signed_in("tom"), rows(installation, "item")
    first = tom.post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"})
    again = tom.post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, first.json) == (again.status_code, again.json) == (201, {"id": "PUMP-7", "state": "added"})
    assert again.headers["Idempotent-Replay"] == "true"
    assert rows(installation, "item") == before + 1


def test_the_same_key_with_another_body_is_a_conflict(signed_in):
    tom = signed_in("tom")
    tom.post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"})
    answer = tom.post("/api/v1/items", json={**PUMP, "sku": "PUMP-8"}, headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json["code"]) == (409, "key_reused")


def test_the_same_key_and_body_in_another_layout_get_the_same_answer(signed_in, installation):
    tom, before = signed_in("tom"), rows(installation, "item")
    laid_out = [
        b'{"sku":"PUMP-7","name":"Garden pump","cost":"19.90"}',
        b'{\r\n "cost": "19.90",\r\n "name": "Garden pump", "sku": "PUMP-7"\r\n}',
    ]
    answers = [
        tom.post("/api/v1/items", data=body, content_type="application/json", headers={"Idempotency-Key": "k-1"}) for body in laid_out
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["Idempotent-Replay"] == "true"
    assert rows(installation, "item") == before + 1


def test_the_same_key_on_another_address_is_a_conflict(signed_in):
    tom = signed_in("tom")
    tom.post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"})
    answer = tom.post("/api/v1/intake/ubl-orders", json=PUMP, headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json["code"]) == (409, "key_reused")


def test_the_same_key_of_another_person_is_another_key(signed_in):
    signed_in("tom").post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"})
    answer = signed_in("edith").post("/api/v1/items", json={**PUMP, "sku": "PUMP-8"}, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 201


def test_a_refused_request_does_not_use_up_its_key(signed_in):
    tom = signed_in("tom")
    assert tom.post("/api/v1/items", json={**PUMP, "cost": "-1"}, headers={"Idempotency-Key": "k-1"}).status_code == 422
    assert tom.post("/api/v1/items", json=PUMP, headers={"Idempotency-Key": "k-1"}).status_code == 201


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"sku": NaN}', b'{"sku": "X"}', b'"text"', b"\xff\xfe", b'{"sku": "X", "name": "Y", "colour": "red"}']
)
def test_a_broken_body_is_a_clear_4xx(signed_in, body):
    answer = signed_in("tom").post("/api/v1/items", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json["next_step"]


def test_a_body_beyond_the_limit_is_refused_with_the_limit(signed_in):
    answer = signed_in("tom").post("/api/v1/intake/ubl-orders", data=b"x" * 6_000_000, content_type="application/xml")
    assert answer.status_code == 413
    assert "limits" in answer.json["next_step"]


def test_an_unknown_address_and_a_wrong_method_are_problems_not_pages(signed_in):
    tom = signed_in("tom")
    assert tom.get("/api/v1/unicorns").json["status"] == 404
    assert tom.delete("/api/v1/items").json["status"] == 405


def test_pages_carry_a_strict_content_security_policy(client):
    headers = client.get("/login").headers
    policy = headers["Content-Security-Policy"]
    for told in ("script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert told in policy.split("; ")
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_every_operation_names_a_role_or_is_open_on_purpose(application):
    bare = [
        rule.rule
        for rule in application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        and not hasattr(application.view_functions[rule.endpoint], "role")
        and not getattr(application.view_functions[rule.endpoint], "open_to_all", False)
    ]
    assert bare == []


def test_the_openapi_document_describes_every_operation(signed_in, application):
    described = signed_in("edith").get("/openapi/openapi.json").json
    assert described["openapi"].startswith("3.1")
    undescribed = [
        (method, rule.rule)
        for rule in application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1")
        and method.lower() not in described["paths"].get(re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), {})
    ]
    assert undescribed == []
    assert all(operation.get("summary") for path in described["paths"].values() for operation in path.values())


def test_the_openapi_document_tells_the_key_of_every_post_and_the_refusals(signed_in):
    paths = signed_in("edith").get("/openapi/openapi.json").json["paths"]
    posts = [methods["post"] for address, methods in paths.items() if address.startswith("/api/v1/") and "post" in methods]
    assert all("Idempotency-Key" in [parameter["name"] for parameter in post["parameters"]] for post in posts)
    assert all({"401", "403", "404", "409"} <= post["responses"].keys() for post in posts)
    assert {"401", "403", "404"} <= paths["/api/v1/orders/{number}"]["get"]["responses"].keys()
    refusal = paths["/api/v1/orders/{number}"]["get"]["responses"]["404"]["content"]
    assert refusal["application/problem+json"]["schema"]["$ref"].endswith("/ProblemOut")


def test_a_parameter_that_a_list_does_not_know_is_refused_and_not_ignored(signed_in):
    refused = signed_in("olga").get("/api/v1/user-tasks?offset=50")
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == ["offset"]


def test_every_operation_refuses_parameters_it_does_not_know(application):
    views = application.view_functions.items()
    queries = {name: unwrap(view).__annotations__.get("query") for name, view in views}
    asked = {name: query for name, query in queries.items() if query is not None}
    assert len(asked) > 20
    assert [name for name, query in asked.items() if query.model_config.get("extra") != "forbid"] == []
