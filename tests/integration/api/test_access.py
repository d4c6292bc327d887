"""Every operation and page for every role, with one's own and a foreign object: made from the route table and the OpenAPI."""

import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask, g
from sqlalchemy import insert, select, text

from api import requests
from api.auth.model import ApiToken, SignIn, UserAccount
from api.auth.objects import ObjectRule, rules_of
from api.auth.roles import GROUPS, Role, included_in, roles_of
from api.auth.tokens import NewToken, add_token
from api.errors import Unauthenticated
from engine.problems import Forbidden
from engine.runtime.state.people import Person
from engine.runtime.verbs import case_comments
from engine.runtime.verbs.attachments import Attachment
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import start
from engine.store.tables import substitution
from handlers.documents.store import save_document
from handlers.sight import SIGHTS, hidden_from, without
from tests import tiny_models as m

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(app):
    return [(rule, method) for rule in app.url_map.iter_rules() for method in sorted(METHODS & rule.methods)]


def filled(rule, value="x"):
    """An address of a rule, with something in each part."""

    def part(found):
        kind = (found[1] or "").rstrip(":")
        if kind.startswith("any"):
            return re.search(r"[\w-]+", kind[4:])[0]
        return {"int": "1", "uuid": str(uuid4())}.get(kind, value)

    return re.sub(r"<((?:any\([^)]*\)|\w+):)?(\w+)>", part, rule.rule)


def test_each_route_lets_in_whoever_has_its_role_and_nobody_else(application, monkeypatch):
    """The edge's own check, at each route, for each single role and for somebody nobody knows."""
    who = {"person": None}
    monkeypatch.setattr(requests, "_identify", lambda: setattr(g, "person", who["person"]))
    monkeypatch.setattr(requests, "_ask_for_proof", lambda: None)
    wrong = []
    for rule, method in routes(application):
        view = application.view_functions[rule.endpoint]
        open_to_all = requests.is_open(view) or rule.endpoint.endswith("static")
        with application.test_request_context(filled(rule), method=method, headers={"Sec-Fetch-Site": "same-origin"}):
            for roles in [None, *({str(role)} for role in Role)]:
                who["person"] = None if roles is None else Person("p", frozenset(), frozenset(roles))
                allowed = open_to_all or (roles is not None and view.role in roles)
                if comes_in() is not allowed:
                    wrong.append((method, rule.rule, roles))
    assert wrong == []
    assert len(routes(application)) > 400


def comes_in():
    try:
        return requests._authenticate() is None
    except (Forbidden, Unauthenticated):
        return False


def test_whoever_has_no_role_is_refused_in_every_room(application, installation):
    """From outside, with a token that may serve external tasks alone: one operation of each room, whatever is asked."""
    with installation.database.transaction() as tx:
        robot = tx.scalar(select(UserAccount).where(UserAccount.name == "edith"))
        tx.execute(
            text("UPDATE user_group SET group_name = 'external-worker' WHERE account_id = :id AND group_name = 'admin'"), {"id": robot.id}
        )
        token = add_token(tx, robot, NewToken("robot", (Role.SERVE,), timedelta(days=1)))
    rooms, client = {}, application.test_client()
    for rule, method in routes(application):
        view = application.view_functions[rule.endpoint]
        if not requests.is_open(view) and "static" not in rule.endpoint and getattr(view, "role", "") != Role.SERVE:
            rooms.setdefault((rule.endpoint.partition(".")[0], method == "GET"), (filled(rule), method))
    answers = {
        asked: client.open(asked[0], method=asked[1], headers={"Authorization": f"Bearer {token}"}).status_code for asked in rooms.values()
    }
    assert len(answers) > 50
    assert {asked: status for asked, status in answers.items() if status != 403} == {}


def test_the_openapi_says_the_role_and_the_rule_of_every_operation(application):
    silent = [
        (method, address)
        for address, methods in application.api_doc["paths"].items()
        for method, operation in methods.items()
        if "x-role" not in operation or None in operation["x-object"].values()
    ]
    assert silent == []


@pytest.mark.parametrize("address", ["/left/out", "/orders/<whose>"])
def test_a_route_without_a_role_or_with_an_object_of_nobody_is_found(address):
    app = Flask("new")
    view = (lambda **_: "") if address == "/left/out" else requests.operation(Role.READ)(lambda **_: "")
    app.add_url_rule(address, "new", view)
    assert requests.undeclared(app) == [address]


FOREIGN = {ObjectRule.CANDIDATES, ObjectRule.OWN, ObjectRule.PARTIES, ObjectRule.AWAY, ObjectRule.SUBJECT}


def test_a_foreign_object_is_not_there_at_any_door(application, installation, signed_in):
    """Jonas of the warehouse has every role of his own, and somebody else's task, session, token, change, substitution and papers."""
    ids = foreign_things(installation, signed_in)
    jonas = signed_in("jonas")
    seen, tried = [], defaultdict(int)
    for rule, method in routes(application):
        foreign = {part: whose for part, whose in rules_of(rule.rule, rule.arguments).items() if whose in FOREIGN}
        if not foreign or application.view_functions[rule.endpoint].role not in {Role.READ, Role.WORK}:
            continue
        address = re.sub(
            r"<(?:\w+:)?(task_id|change_id|substitution_id|document_id|attachment_id|session_id|token_id)>", lambda f: ids[f[1]], rule.rule
        )
        address += "?of=Q-2" if "/documents/" in address else ""
        for verb in verbs(address):
            asked = {"json": body_of(application, rule, method)} if rule.rule.startswith("/api/") and method != "GET" else {}
            form = {} if asked or method == "GET" else {"data": {"reason": "Let me see.", "text": "Hello", "to": "tom"}}
            answer = jonas.open(re.sub(r"<any\(.*\):verb>", verb, address), method=method, **asked, **form)
            tried[next(iter(foreign.values()))] += 1
            # One's own page says beside its lists that there is no such session or token of one's own.
            if answer.status_code != 404 and "There is no" not in answer.text:
                seen.append((method, rule.rule, verb, answer.status_code, answer.text[:300]))
    assert seen == [], "\n".join(map(str, seen))
    assert tried.keys() == FOREIGN
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT state FROM user_task WHERE id = :id"), {"id": UUID(ids["task_id"])}) == "open"
        assert tx.scalar(text("SELECT state FROM pending_change")) == "pending"
        assert tx.scalar(select(ApiToken.revoked_at)) is None


def verbs(address):
    found = re.search(r"<any\((.*)\):verb>", address)
    return re.findall(r"[\w-]+", found[1]) if found else [""]


def foreign_things(installation, signed_in):
    ids = {}
    tom = signed_in("tom")
    version = tom.get("/api/v1/customers/C-1001").json["version"]
    change = {"changes": {"credit_limit": "3000000"}, "reason": "They grow.", "version": version}
    ids["change_id"] = str(tom.patch("/api/v1/customers/C-1001", json=change).json["pending_change"])
    model = m.bundle("secret", m.start() + m.user("check", candidateGroups="finance") + m.end(), "start -> check -> done")
    with installation.database.transaction() as tx:
        deploy(installation.runtime, tx, model, "ada")
        start(installation.runtime, tx, "secret", {})
        task = tx.scalar(text("SELECT id FROM user_task"))
        ines = Person("ines", frozenset({"finance"}), frozenset({"read", "work"}))
        paper = case_comments.NewComment(f"task:{task}", "Between us.", task, [Attachment("plan.txt", b"secret")])
        case_comments.say(installation.runtime, tx, paper, ines)
        ids["attachment_id"] = str(tx.scalar(text("SELECT id FROM comment_attachment")))
        ids["task_id"] = str(task)
        ids["document_id"] = str(save_document(tx, "QUOTE", "Q-1", "application/pdf", b"%PDF-"))
        account = tx.scalar(select(UserAccount).where(UserAccount.name == "tom"))
        add_token(tx, account, NewToken("shop", (Role.READ,), timedelta(days=1)))
        ids["token_id"] = str(tx.scalar(select(ApiToken.id)))
        ids["session_id"] = str(tx.scalar(select(SignIn.id).where(SignIn.account_id == account.id)))
        away = {"person": "tom", "deputy": "sara", "set_by": "tom"}
        times = {"begins_at": text("now()"), "ends_at": text("now() + interval '1 day'")}
        ids["substitution_id"] = str(tx.scalar(insert(substitution).values(**away, **times).returning(substitution.c.id)))
    return ids


def body_of(application, rule, method):
    """The least body that the description of the operation takes."""
    address = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
    content = application.api_doc["paths"][address][method.lower()].get("requestBody", {}).get("content", {})
    schemas = application.api_doc["components"]["schemas"]

    def least(schema):
        if "$ref" in schema:
            return least(schemas[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return least(schema["anyOf"][0])
        kind = schema.get("type")
        if kind == "object":
            return {name: least(schema["properties"][name]) for name in schema.get("required", ())}
        if kind == "array":
            return [least(schema["items"])]
        given = {"uuid": str(uuid4()), "date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01"}
        return {"integer": 1, "number": 1, "boolean": True}.get(kind, given.get(schema.get("format"), schema.get("enum", ["Because."])[0]))

    return least(content["application/json"]["schema"]) if "application/json" in content else {}


def test_what_a_role_may_not_read_is_in_no_answer_and_on_no_page(signed_in, installation):
    """Sara sells: she sees what a customer may owe, and neither what goods cost, nor bank accounts, books, data and the log."""
    sara, jonas, tom = (signed_in(name) for name in ("sara", "jonas", "tom"))
    assert sara.get("/api/v1/items/PUMP-40").json["record"]["cost"] is None
    assert tom.get("/api/v1/items/PUMP-40").json["record"]["cost"] is not None
    assert jonas.get("/api/v1/customers?search=C-1001").json["items"][0]["credit_limit"] is None
    assert sara.get("/api/v1/customers?search=C-1001").json["items"][0]["credit_limit"] is not None
    limit = tom.get("/api/v1/customers/C-1001").json["record"]["credit_limit"].partition(".")[0]
    assert limit in tom.get("/master-data/customers").text.replace(",", "")
    assert limit not in jonas.get("/master-data/customers").text.replace(",", "")
    for address in ("journals", "manual-journals", "reports/trial-balance", "bank-accounts", "statements", "cases/statement", "audit"):
        assert sara.get(f"/api/v1/{address}").status_code == 403, address
    for address in ("finance/journals", "finance/statements", "operations/audit", "operations/audit.csv", "master-data/supplier-prices"):
        assert sara.get(f"/{address}").status_code == 403, address
    with installation.database.transaction() as tx:
        paper = save_document(tx, "PURCHASE_ORDER", "PO-1", "application/pdf", b"%PDF-")
    assert sara.get(f"/api/v1/documents/{paper}?of=PO-1").status_code == 403
    assert sara.get(f"/documents/{paper}").status_code == 422
    assert signed_in("edith").get(f"/api/v1/documents/{paper}").data == b"%PDF-"  # who audits
    assert signed_in("petra").get(f"/api/v1/documents/{paper}?of=PO-1").data == b"%PDF-"


def test_a_hidden_field_is_hidden_however_deep_and_a_fact_with_all_that_it_tells():
    hidden = hidden_from(frozenset({"read"}))
    fact = {"name": "margin_pct", "label": "Margin", "value": "3.1", "under": "floor 5 %", "odd": True}
    seen = without({"lines": [{"sku": "PUMP-40", "cost": "12", "facts": [fact]}], "net_total": "40"}, hidden)
    assert seen == {
        "lines": [{"sku": "PUMP-40", "cost": None, "facts": [{**fact, "value": None, "under": "", "odd": False}]}],
        "net_total": "40",
    }
    assert without(fact, hidden_from(frozenset({"see-costs"}))) == fact


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_whoever_keeps_a_record_sees_all_of_its_fields(group):
    """Else they would save a form with what they do not see taken out."""
    roles = roles_of([group])
    keeps = {Role.ORDER: {"see-costs", "see-credit", "see-bank"}, Role.BUY: {"see-costs"}, Role.PRICE: {"see-costs"}}
    for role, needed in keeps.items():
        assert role not in roles or needed <= set(map(str, roles)), (group, role)
        assert needed <= set(map(str, included_in(role)))


def test_the_table_of_what_may_be_read_is_told_in_the_documentation():
    page = (Path(__file__).parents[3] / "docs/access.md").read_text()
    assert [sight.role for sight in SIGHTS if f"`{sight.role}`" not in page] == []
    assert [name for sight in SIGHTS for name in sight.fields if f"`{name}`" not in page] == []
