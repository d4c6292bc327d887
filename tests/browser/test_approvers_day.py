"""The approver's whole day: ten at once with one refused, one for a colleague on holiday, one sent back, one undone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from engine.runtime.state.limits import Limits
from engine.runtime.state.people import Person
from engine.runtime.verbs import held_decisions, substitutions, user_tasks
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m
from tests.browser.accessibility import violations
from tests.browser.workshop import Workshop, serve_workshop

FORM = b"""{"type": "default", "id": "check", "schemaVersion": 19, "components": [
 {"type": "radio", "id": "f1", "key": "decision", "label": "Decision", "values": [{"label": "Approve", "value": "approve"},
  {"label": "Refuse", "value": "refuse"}], "validate": {"required": true}},
 {"type": "textfield", "id": "f2", "key": "note", "label": "Note"}]}"""
BACK = '<bpmn:error id="back" errorCode="BACK_TO_SALES"/>'


@pytest.fixture
def workshop(database, address) -> Iterator[Workshop]:
    with serve_workshop(database, address, limits=Limits(undo_seconds=60)) as running:
        model = m.start() + m.user("check", candidateGroups="=desk", formKey="check", title="=&quot;Check &quot; + key")
        model += m.boundary("Back_to_sales", "check", '<bpmn:errorEventDefinition errorRef="back"/>')
        model += m.user("revise", candidateGroups="sales") + m.end()
        flows = "start -> check -> done\nBack_to_sales -> revise -> done"
        running.deploy(m.bundle("checks", model, flows, outside=BACK, files={"check.form": FORM}))
        yield running


@pytest.fixture
def page(workshop: Workshop, analyst: Page) -> Page:
    workshop.sign_in(analyst, "clara")
    return analyst


def begin(workshop: Workshop, key: str, desk: str = "credit") -> UUID:
    with workshop.database.transaction() as tx:
        made = start(workshop.runtime, tx, "checks", {"key": key, "desk": [desk]}, StartOptions(business_key=key, actor="sara"))
        return tx.scalar(text("SELECT id FROM user_task WHERE instance_id = :id"), {"id": made})


def told(workshop: Workshop, task: UUID) -> tuple[str, str | None, str | None]:
    with workshop.database.transaction() as tx:
        row = tx.execute(text("SELECT state, completed_by, on_behalf_of FROM user_task WHERE id = :id"), {"id": task}).one()
        return row.state, row.completed_by, row.on_behalf_of


def open_and_claim(page: Page, key: str, claim: str = "Claim") -> None:
    page.get_by_role("link", name=f"Check {key}", exact=True).click()
    page.get_by_role("button", name=claim, exact=True).click()
    expect(page.locator("task-form[data-ready=true]")).to_be_visible()


def test_ten_are_decided_at_once_and_the_one_that_somebody_else_decided_says_who(page: Page, workshop: Workshop):
    tasks = [begin(workshop, f"K-{number}") for number in range(10)]
    page.goto(f"{workshop.url}/worklist")
    page.get_by_label("Tick all on this page").check()
    page.get_by_role("button", name="Decide…").click()
    page.get_by_label("Approve").check()
    with workshop.database.transaction() as tx:
        otto = user_tasks.Completion(Person("otto", frozenset({"credit"})))
        user_tasks.complete(workshop.runtime, tx, tasks[7], {"decision": "refuse"}, otto)
    page.get_by_role("button", name="Decide 10").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("9 of 10 decided")
    expect(page.get_by_role("row").nth(1)).to_contain_text("otto completed 'Check K-7'")
    assert [told(workshop, task)[1] for task in tasks] == [*["clara"] * 7, "otto", "clara", "clara"]


def test_one_is_decided_for_a_colleague_one_is_sent_back_and_one_is_undone(page: Page, workshop: Workshop):
    holiday, back, undone = begin(workshop, "F-1", "finance"), begin(workshop, "K-11"), begin(workshop, "K-12")
    now = datetime.now(UTC)
    with workshop.database.transaction() as tx:
        away = substitutions.Absence("ines", "clara", now - timedelta(hours=1), now + timedelta(days=7))
        substitutions.set_up(workshop.runtime, tx, away, Person("ines"))
    page.goto(f"{workshop.url}/worklist")
    expect(page.locator("#tasks")).to_contain_text("for ines, who is away")
    open_and_claim(page, "F-1", "Claim on behalf of ines")
    page.get_by_label("Refuse").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".held")).to_contain_text("Decided. It leaves in")
    with workshop.database.transaction() as tx:
        tx.execute(text("UPDATE held_decision SET leaves_at = now() - interval '1 second'"))
    held_decisions.carry_out(workshop.runtime)
    assert told(workshop, holiday) == ("completed", "clara", "ines")

    page.goto(f"{workshop.url}/worklist?sort=oldest")
    open_and_claim(page, "K-11")
    page.get_by_role("button", name="Back_to_sales…").click()
    page.get_by_label("Why").fill("The limit of the customer is missing.")
    page.get_by_role("button", name="Back_to_sales", exact=True).click()
    expect(page.locator("#task")).to_contain_text("Sent back; the process has moved on.")
    assert "sort=oldest" in page.url
    assert told(workshop, back)[:2] == ("completed", "clara")

    page.get_by_role("link", name="Check K-12", exact=True).click()
    page.get_by_role("button", name="Claim", exact=True).click()
    page.get_by_label("Approve").check()
    page.get_by_label("Note").fill("Only this once")
    page.get_by_role("button", name="Complete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("Only this once")
    assert told(workshop, undone)[0] == "open"


def test_what_is_typed_is_kept_by_itself_a_comment_does_not_lose_it_and_it_fits_a_phone(page: Page, workshop: Workshop):
    begin(workshop, "K-1")
    page.goto(f"{workshop.url}/worklist")
    open_and_claim(page, "K-1")
    with page.expect_response("**/draft"):
        page.get_by_label("Note").fill("Half a thought")
    page.get_by_label("Say something").fill("Do you know them, @ines?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".mention")).to_have_text("@ines")
    expect(page.get_by_label("Note")).to_have_value("Half a thought")
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("Half a thought")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = {"task": violations(page)}
    for name in ("mentions", "requests", "substitutes"):
        page.goto(f"{workshop.url}/worklist/{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        found[name] = violations(page)
    assert found == {name: [] for name in found}
