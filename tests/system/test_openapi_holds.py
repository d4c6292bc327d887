"""Random requests of every described operation: whatever comes in, the answer is never a fault of ours and keeps to its description."""

import json
from datetime import timedelta

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from sqlalchemy import select

from api.auth.model import UserAccount
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token
from api.demo.company import load_company
from tests.system.site import Site

EXAMPLES = 2
schemathesis.serializer.alias("application/zip", "application/octet-stream")  # it has none of its own
PROBLEM = {"type", "title", "status", "code", "detail", "next_step"}


def test_no_operation_falls_over_and_every_refusal_is_a_problem(database):
    load_company(database)
    site = Site(database)
    bearer = {"Authorization": f"Bearer {_token_for_everything(database)}"}
    schema = schemathesis.openapi.from_wsgi("/openapi/openapi.json", site.application, headers=bearer)
    faults = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.startswith("/api/"):
            faults += _try(operation, bearer)
    assert faults == []


def _token_for_everything(database) -> str:
    with database.transaction() as tx:
        edith = tx.scalar(select(UserAccount).where(UserAccount.name == "edith"))
        return add_token(tx, edith, NewToken("random requests", tuple(Role), timedelta(days=1)))


def _try(operation, bearer) -> list[str]:
    faults: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case) -> None:
        response = case.call(headers=bearer)
        try:
            case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
        except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001  # each fault is a finding
            faults.append(f"{case.method} {case.path} {case.query} {case.body!r:.300}: {response.status_code} {str(fault)[:500]}")
        if 400 <= response.status_code < 500:
            body = json.loads(response.content)
            if response.headers["content-type"][0] != "application/problem+json" or not body.keys() >= PROBLEM or not body["detail"]:
                faults.append(f"{case.method} {case.path}: {response.status_code} {body}")

    operation.as_strategy()
    from hypothesis import given

    given(operation.as_strategy())(attempt)()
    return faults[:2]
