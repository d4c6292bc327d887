"""What clients of Camunda 7 send to tell a waiting instance something: exactly one takes it, or nobody, and nothing is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.auth.model import UserAccount
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

PAID = '<bpmn:message id="paid" name="paid"/>'
WAITS = m.bundle(
    "wait-for-money",
    m.start() + m.catch("heard", "paid", "={order_no: order_no}") + m.end(),
    "start -> heard -> done",
    outside=PAID,
)
BEGINS = m.bundle(
    "thank",
    m.start("begun", '<bpmn:messageEventDefinition messageRef="paid"/>') + m.user("write", candidateGroups="sales", dueIn="PT4H") + m.end(),
    "begun -> write -> done",
    outside=PAID,
)
CLIENT = {"resultEnabled": True, "processVariables": {"amount": {"value": 12}}, "tenantId": None, "withoutTenantId": True}


@pytest.fixture
def token(company_database):
    with company_database.transaction() as tx:
        edith = tx.scalar(select(UserAccount).where(UserAccount.name == "edith"))
        return add_token(tx, edith, NewToken("client", tuple(Role), timedelta(days=1)))


@pytest.fixture
def tell(client, token):
    headers = {"Authorization": f"Bearer {token}"}
    return lambda **said: client.post("/engine-rest/message", json={**CLIENT, "messageName": "paid", **said}, headers=headers)


@pytest.fixture
def two(installation, company_database):
    """Two orders that wait for their money; both are for the same buyer."""
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, WAITS, "ada")
        return [
            start(installation.runtime, tx, "wait-for-money", {"order_no": no, "buyer": "ACME"}, StartOptions(business_key=f"key-{no}"))
            for no in (4711, 4712)
        ]


def states(database):
    with database.transaction() as tx:
        return dict(tx.execute(text("SELECT business_key, state FROM instance")).all())


@pytest.mark.parametrize(
    "named",
    [
        {"correlationKeys": {"order_no": {"value": "4711", "type": "String"}}},
        {"correlationKeys": {"order_no": {"value": 4711}, "buyer": {"value": "ACME"}}},
        {"businessKey": "key-4711"},
        {"businessKey": "key-4711", "correlationKeys": {"order_no": {"value": 4711}}},
    ],
)
def test_the_one_instance_that_is_named_takes_it(named, two, tell, company_database):
    taken = tell(**named)
    execution = {"id": str(two[0]), "processInstanceId": str(two[0]), "ended": True, "tenantId": None}
    assert (taken.status_code, taken.json) == (200, [{"resultType": "Execution", "execution": execution, "processInstance": None}])
    assert states(company_database) == {"key-4711": "completed", "key-4712": "waiting"}
    with company_database.transaction() as tx:
        assert tx.scalar(text("SELECT variables ->> 'amount' FROM instance WHERE id = :id"), {"id": two[0]}) == "12"


def test_without_a_result_the_answer_is_empty(two, tell, company_database):
    taken = tell(processInstanceId=str(two[1]), resultEnabled=False)
    assert (taken.status_code, taken.data) == (204, b"")
    assert states(company_database) == {"key-4711": "waiting", "key-4712": "completed"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"correlationKeys": {"buyer": {"value": "ACME"}}}, "nobody waits"),
        ({"correlationKeys": {"order_no": {"value": 4711}, "buyer": {"value": "Bolt & Co"}}}, "nobody waits"),
        ({"businessKey": "key-4711", "correlationKeys": {"order_no": {"value": 4712}}}, "nobody waits"),
        ({"businessKey": "key-9"}, "nobody waits"),
        ({"messageName": "never heard of"}, "nobody waits"),
        ({"messageName": None}, "messageName is missing"),
        ({"processInstanceId": "17"}, "processInstanceId is no id"),
        ({"tenantId": "t1"}, "tenantId is not taken here"),
        ({"localCorrelationKeys": {"a": {"value": 1}}}, "localCorrelationKeys is not taken here"),
    ],
)
def test_what_reaches_nobody_is_refused_and_not_kept(said, why, two, tell, company_database):
    refused = tell(**said)
    assert (refused.status_code, refused.json["type"]) == (400, "InvalidRequestException")
    assert why in refused.json["message"]
    assert set(states(company_database).values()) == {"waiting"}
    with company_database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM message")) == 0


def test_several_take_it_only_when_all_are_meant(installation, tell, company_database):
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, WAITS, "ada")
        for key in ("first", "second"):
            start(installation.runtime, tx, "wait-for-money", {"order_no": 4711}, StartOptions(business_key=key))
    keys = {"order_no": {"value": 4711}}
    assert "several instances wait" in tell(correlationKeys=keys).json["message"]
    assert states(company_database) == {"first": "waiting", "second": "waiting"}
    assert [each["resultType"] for each in tell(correlationKeys=keys, all=True).json] == ["Execution", "Execution"]
    assert states(company_database) == {"first": "completed", "second": "completed"}


def test_where_nobody_waits_a_process_begins_with_it(installation, tell, company_database):
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, BEGINS, "ada")
    (begun,) = tell(businessKey="SO-1").json
    assert (begun["resultType"], begun["processInstance"]["businessKey"]) == ("ProcessDefinition", "SO-1")
    assert begun["processInstance"]["definitionId"].startswith("thank:1:")
    assert states(company_database) == {"SO-1": "waiting"}


def test_a_published_client_tells_it(two, token, engine_rest, company_database):
    engine_client = pytest.importorskip("camunda.client.engine_client", reason="camunda-external-task-client-python3 is not installed")
    client = engine_client.EngineClient(engine_rest, {"auth_bearer": {"access_token": token}})
    (taken,) = client.correlate_message("paid", business_key="key-4712", process_variables={"amount": 3})
    assert taken["execution"]["processInstanceId"] == str(two[1])
    assert states(company_database) == {"key-4711": "waiting", "key-4712": "completed"}
