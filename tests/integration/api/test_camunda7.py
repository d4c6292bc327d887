"""What Camunda Modeler and deployment clients of Camunda 7 ask, as they ask it, and what they are answered."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.auth.model import UserAccount
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token
from api.camunda7.variables import read_variables
from engine.models.bundle import Bundle
from engine.problems import Invalid
from engine.runtime.verbs import deploy
from tests import tiny_models as m
from tests.unit.models.drawing import TABLE

BOUNDARY = "----formdata-undici-034516219271"
SHIP = m.bundle(
    "ship-order",
    m.start("begin", f"<bpmn:extensionElements>{m.properties(inputs='order_no')}</bpmn:extensionElements>")
    + m.user("pack", candidateGroups="warehouse", dueIn="PT4H", formKey="pack")
    + m.end(),
    "begin -> pack -> done",
    files={"pack.form": b'{"type": "default", "components": []}', "README.md": b"# Ship an order"},
)
DIAGRAM = SHIP.files["ship-order.bpmn"]
CHANGED = DIAGRAM.replace(b'name="pack"', b'name="Pack it"')


def modeler_form(*files: tuple[str, str, bytes], **fields: str) -> bytes:
    """A request of the deploy dialog of Camunda Modeler 5, byte for byte as its HTTP library writes it."""
    said = {"deployment-name": "Ship an order", "deployment-source": "Camunda Modeler", "enable-duplicate-filtering": "true", **fields}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in said.items()]
    for name, file_name, content in files:
        kind = "text/xml" if name != "attachments" else "application/octet-stream"
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content)
    return b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


class Modeler:
    """Camunda Modeler as the server sees it: a page of no site, which sends a token and no cookie."""

    def __init__(self, client, token: str) -> None:
        self._client = client
        self.headers = {
            "Origin": "file://", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Authorization": f"Bearer {token}",
        }  # fmt: skip

    def get(self, address: str):
        return self._client.get(f"/engine-rest{address}", headers=self.headers)

    def deploy(self, *files: tuple[str, str, bytes], **fields: str):
        body, kind = modeler_form(*files, **fields), f"multipart/form-data; boundary={BOUNDARY}"
        return self._client.post("/engine-rest/deployment/create", data=body, content_type=kind, headers=self.headers)

    def start(self, which: str, body: object):
        return self._client.post(f"/engine-rest/process-definition/{which}/start", json=body, headers=self.headers)


@pytest.fixture
def token(installation) -> Callable[..., str]:
    def make(name: str, *roles: Role) -> str:
        with installation.database.transaction() as tx:
            return add_token(
                tx, tx.scalar(select(UserAccount).where(UserAccount.name == name)), NewToken("modeler", roles, timedelta(days=1))
            )

    return make


@pytest.fixture
def modeler(client, token) -> Modeler:
    """Edith's, who may deploy and start."""
    return Modeler(client, token("edith", *Role))


@pytest.fixture
def shipping(installation) -> Bundle:
    """A bundle of three files in force."""
    with installation.database.transaction() as tx:
        deploy.deploy(installation.runtime, tx, SHIP, "edith")
    return SHIP


def files_in_force(installation, name: str = "ship-order") -> tuple[int, Mapping[str, bytes]]:
    statement = text(
        "SELECT d.version, f.path, f.content FROM deployment d JOIN deployment_file f ON f.deployment_id = d.id WHERE d.name = :name "
        "AND d.version = (SELECT max(version) FROM deployment WHERE name = :name)"
    )
    with installation.database.transaction() as tx:
        rows = tx.execute(statement, {"name": name}).all()
    return rows[0].version, {row.path: bytes(row.content) for row in rows}


def test_the_modeler_is_told_that_it_must_sign_in_and_then_that_it_is_connected(client, modeler, token):
    refused = client.get("/engine-rest/deployment?maxResults=0", headers={"Origin": "file://"})
    assert (refused.status_code, refused.content_type, refused.json["type"]) == (401, "application/json", "RestException")
    assert "ordercraft user token" in refused.json["message"]
    assert "WWW-Authenticate" not in refused.headers
    assert modeler.get("/deployment?maxResults=0").json == []
    assert modeler.get("//version").json == {"version": "7.24.0"}
    assert modeler.get("/engine").json == [{"name": "default"}]
    right, wrong = ((name, token("edith", *Role)) for name in ("edith", "sara"))
    assert client.get("/engine-rest/version", auth=right).status_code == 200
    assert client.get("/engine-rest/version", auth=wrong).status_code == 401


def test_a_browser_may_ask_from_any_page_and_its_session_counts_for_nothing(client, signed_in):
    asked = client.options("/engine-rest/deployment/create", headers={"Origin": "null", "Access-Control-Request-Headers": "authorization"})
    assert asked.status_code < 300
    assert asked.headers["Access-Control-Allow-Origin"] == "null"
    assert "authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    assert signed_in("edith").get("/engine-rest/version").status_code == 401
    assert "Access-Control-Allow-Origin" not in client.get("/api/v1/orders", headers={"Origin": "null"}).headers


def test_one_diagram_takes_its_place_in_its_bundle_and_the_other_files_stay(modeler, installation, shipping):
    answer = modeler.deploy(("pack it!.bpmn", "pack it!.bpmn", CHANGED))
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    [(identity, made)] = answer.json["deployedProcessDefinitions"].items()
    assert identity == f"ship-order:2:{answer.json['id']}" == made["id"]
    assert (answer.json["name"], made["key"], made["version"], made["resource"]) == ("ship-order", "ship-order", 2, "ship-order.bpmn")
    assert files_in_force(installation) == (2, {**shipping.files, "ship-order.bpmn": CHANGED})
    with installation.database.transaction() as tx:
        note = tx.scalar(text("SELECT note FROM deployment WHERE id = :id"), {"id": int(answer.json["id"])})
    assert note == "Deployed as 'Ship an order' from Camunda Modeler: pack it!.bpmn"


def test_what_is_unchanged_makes_no_version_and_is_answered_with_what_is_in_force(modeler, installation, shipping):
    again = modeler.deploy(("ship-order.bpmn", "ship-order.bpmn", DIAGRAM))
    assert list(again.json["deployedProcessDefinitions"]) == [f"ship-order:1:{again.json['id']}"]
    quiet = modeler.deploy(("ship-order.bpmn", "ship-order.bpmn", DIAGRAM), **{"deploy-changed-only": "true"})
    assert (quiet.json["id"], quiet.json["deployedProcessDefinitions"]) == (again.json["id"], None)
    assert files_in_force(installation)[0] == 1


def test_what_no_bundle_has_becomes_one_of_the_name_it_was_given_with_what_was_attached(modeler, installation):
    table = TABLE.replace(b"approvers", b"boxes").replace(b"amount * 2", b"1")
    form = SHIP.files["pack.form"]
    sent = (("x.bpmn", "x.bpmn", DIAGRAM), ("attachments", "pack.form", form), ("forms/boxes.dmn11.xml", "boxes.dmn11.xml", table))
    answer = modeler.deploy(*sent, **{"deployment-name": "Versand für Österreich"})
    assert answer.json["name"] == "versand-fur-osterreich"
    assert list(answer.json["deployedDecisionDefinitions"]) == [f"boxes:1:{answer.json['id']}"]
    assert set(files_in_force(installation, "versand-fur-osterreich")[1]) == {"x.bpmn", "pack.form", "forms/boxes.dmn"}


def test_a_refused_diagram_is_told_as_the_modeler_reads_it_and_changes_nothing(modeler, installation, shipping):
    answer = modeler.deploy(("x.bpmn", "x.bpmn", CHANGED.replace(b'value="warehouse"', b'value="warehous"')))
    assert (answer.status_code, answer.json["type"]) == (400, "ParseException")
    assert answer.json["message"].startswith("ENGINE-09005 Could not parse BPMN process. Errors: \n* 'Pack it' (pack) is for the group")
    [error] = answer.json["details"]["ship-order.bpmn"]["errors"]
    assert (error["mainElementId"], error["elementIds"]) == ("pack", ["pack"])
    assert "Did you mean warehouse?" in error["message"]
    assert files_in_force(installation)[0] == 1


ONE = [("a.bpmn", "a.bpmn", DIAGRAM)]
TEXT = [("a.md", "a.md", b"#")]
NOT_DEPLOYED = [
    ([], {}, "No file was sent."),
    (ONE, {"tenant-id": "acme"}, "There are no tenants here."),
    ([("a.exe", "a.exe", b"MZ")], {}, "a.exe is no kind of file that a bundle knows."),
    (ONE * 2, {}, "a.bpmn is sent twice."),
    ([*ONE, ("b.bpmn", "b.bpmn", CHANGED)], {}, "The id 'ship-order' is used in a.bpmn too."),
    (TEXT, {"deployment-name": "4711"}, "'4711' gives no name to a bundle."),
    (TEXT, {"deployment-name": "drafts"}, "A bundle cannot be called drafts"),
]


def test_what_cannot_be_deployed_is_refused_in_our_words(modeler, installation):
    for files, fields, said in NOT_DEPLOYED:
        answer = modeler.deploy(*files, **fields)
        assert (answer.status_code, answer.content_type) == (400, "application/json"), said
        assert said in answer.json["message"]


def test_a_published_client_deploys_starts_and_is_told_what_is_wrong(engine_rest, token, installation, tmp_path):
    pycamunda = pytest.importorskip("pycamunda", reason="pycamunda is not installed: `make test` does")
    from pycamunda.deployment import Create, GetList
    from pycamunda.processdef import StartInstance

    def sent(content: bytes):
        (tmp_path / "ship-order.bpmn").write_bytes(content)
        create = Create(url=engine_rest, name="Ship an order", source="a client", deploy_changed_only=True)
        create.auth = ("edith", token("edith", *Role))
        with (tmp_path / "ship-order.bpmn").open("rb") as diagram:
            create.add_resource(diagram)
            return create()

    without_form = DIAGRAM.replace(b'<spiffworkflow:property name="formKey" value="pack"/>', b"")
    deployed = sent(without_form)
    [definition] = deployed.deployed_process_definitions.values()
    assert (deployed.name, definition.key, definition.version) == ("ship-an-order", "ship-order", 1)
    assert sent(without_form).deployed_process_definitions is None
    with pytest.raises(pycamunda.BadRequest, match="ENGINE-09005"):
        sent(DIAGRAM)
    listed = GetList(url=engine_rest, max_results=1)
    starting = StartInstance(url=engine_rest, key="ship-order", business_key="SO-7")
    starting.add_variable("order_no", "SO-7", type_="String")
    listed.auth = starting.auth = ("edith", token("edith", *Role))
    started = starting()
    assert (started.definition_id, started.business_key) == (definition.id_, "SO-7")
    assert [each.id_ for each in listed()] == [deployed.id_]
    with installation.database.transaction() as tx:
        assert str(tx.scalar(text("SELECT id FROM instance WHERE business_key = 'SO-7'"))) == started.id_


def test_whoever_may_not_deploy_or_start_is_told_which_role_is_missing(client, token, shipping):
    sara = Modeler(client, token("sara", Role.READ))
    for refused in (sara.deploy(("x.bpmn", "x.bpmn", CHANGED)), sara.start("key/ship-order", {})):
        assert (refused.status_code, refused.json["type"]) == (403, "AuthorizationException")
        assert "needs the role" in refused.json["message"]


def test_an_instance_starts_by_the_id_of_its_deployment_or_by_its_key(modeler, installation, shipping):
    deployed = modeler.deploy(("x.bpmn", "x.bpmn", CHANGED)).json
    [identity] = deployed["deployedProcessDefinitions"]
    variables = {"order_no": {"value": "SO-1", "type": "String"}}
    started = modeler.start(identity, {"businessKey": "SO-1", "variables": variables})
    assert (started.status_code, started.json["definitionId"], started.json["ended"]) == (200, identity, False)
    unkeyed = modeler.start("key/ship-order", {"businessKey": None, "variables": None})
    assert unkeyed.json["businessKey"] is None
    with installation.database.transaction() as tx:
        found = tx.execute(text("SELECT id, started_by FROM instance WHERE business_key = 'SO-1'")).one()
    assert (str(found.id), found.started_by) == (started.json["id"], "edith")
    assert modeler.get(f"/process-definition/{identity}").json == modeler.get("/process-definition/key/ship-order").json
    taken = modeler.start(identity, {"businessKey": "SO-1"})
    assert taken.status_code == 409
    assert "SO-1" in taken.json["message"]


NOT_STARTED = [
    ("key/nothing", {}, 404, "There is no process 'nothing'."),
    ("ship-order:9:1", {}, 404, "There is no version 9 of a process 'ship-order'."),
    ("ship-order:1:999999", {}, 404, "There is no process definition ship-order:1:999999."),
    ("ship-order", {}, 404, "There is no process definition ship-order."),
    ("key/ship-order", {"startInstructions": [{"type": "startBeforeActivity"}]}, 400, "startInstructions is not taken here."),
    ("key/ship-order", {"variables": {"a": {"value": "x", "type": "Integer"}}}, 400, "a is no whole number"),
    ("key/ship-order", [], 400, "The body is no JSON object."),
]


def test_what_cannot_be_started_is_refused_in_our_words(modeler, shipping):
    for which, body, status, said in NOT_STARTED:
        answer = modeler.start(which, body)
        assert (answer.status_code, answer.content_type) == (status, "application/json"), said
        assert said in answer.json["message"]


def test_a_version_that_was_replaced_meanwhile_is_not_started(modeler, shipping):
    [stale] = modeler.deploy(("x.bpmn", "x.bpmn", DIAGRAM)).json["deployedProcessDefinitions"]
    modeler.deploy(("x.bpmn", "x.bpmn", CHANGED))
    refused = modeler.start(stale, {})
    assert (refused.status_code, refused.json["type"]) == (409, "RestException")


def test_every_refusal_under_the_base_address_is_json(modeler):
    for address, status in {"/task": 404, "/deployment/create": 405, "/deployment?maxResults=many": 400}.items():
        answer = modeler.get(address)
        assert (answer.status_code, answer.content_type) == (status, "application/json")
        assert answer.json.keys() == {"type", "message", "code"}


def test_the_links_in_the_modelers_notices_lead_to_our_pages(client, modeler, signed_in, shipping):
    base = client.get("/.well-known/camunda-automation-platform/webapps", headers={"Origin": "file://"}).json["cockpitUrl"]
    assert base.endswith("/from-camunda-modeler/")
    started = modeler.start("key/ship-order", {}).json["id"]
    path, edith = base.removeprefix("http://localhost"), signed_in("edith")
    assert edith.get(f"{path}process-instance/{started}", follow_redirects=True).status_code == 200
    assert edith.get(f"{path}repository?deploymentsQuery=%5B%5D").headers["Location"] == "/processes"
    assert client.get(f"{path}process-instance/{started}").headers["Location"] == f"/operations/instances/{started}"


def test_deployments_are_listed_as_they_were_made(modeler, shipping):
    [newest] = modeler.get("/deployment?maxResults=1").json
    assert newest["name"] == "ship-order"
    assert newest["deploymentTime"].endswith("+0000")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"value": "x", "type": "string"}, "x"),
        ({"value": 7}, 7),
        ({"value": {"a": [1]}}, {"a": [1]}),
        ({"value": True, "type": "Boolean", "valueInfo": None}, True),
        ({"value": 2**31 - 1, "type": "Integer"}, 2**31 - 1),
        ({"value": 2**31, "type": "Long"}, 2**31),
        ({"value": None, "type": "Long"}, None),
        ({"value": None, "type": "Null"}, None),
        ({"value": "1970-01-01T01:00:00.000+0100", "type": "Date"}, "1970-01-01T00:00:00.000Z"),
        ({"value": '{"a": 1}', "type": "Json"}, {"a": 1}),
        ({"value": "[1]", "type": "Object", "valueInfo": {"serializationDataFormat": "application/json", "objectTypeName": "List"}}, [1]),
    ],
)
def test_a_variable_is_kept_as_what_its_type_says(sent, kept):
    assert read_variables({"v": sent}) == {"v": kept}


@pytest.mark.parametrize(
    "sent",
    [
        {"value": 2**31, "type": "Integer"},
        {"value": True, "type": "Long"},
        {"value": 1, "type": "String"},
        {"value": "yes", "type": "Boolean"},
        {"value": "31.12.1970", "type": "Date"},
        {"value": "{", "type": "Json"},
        {"value": "rO0AB", "type": "Object", "valueInfo": {"serializationDataFormat": "application/x-java-serialized-object"}},
        {"value": "aGk=", "type": "Bytes"},
        {"value": "x", "type": "File", "valueInfo": {"filename": "a.txt"}},
        {"value": "x", "type": "String", "valueInfo": {"transient": True}},
        {"value": "x", "type": "Null"},
        "x",
    ],
    ids=json.dumps,
)
def test_a_variable_that_cannot_be_kept_is_refused_by_name(sent):
    with pytest.raises(Invalid) as refused:
        read_variables({"first": {"value": 1}, "wrong": sent})
    assert list(refused.value.errors) == ["wrong"]
