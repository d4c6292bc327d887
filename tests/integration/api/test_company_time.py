"""The company's time zone and its clock: the day begins at its midnight, and a demo may move both hands."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from api.app import create_app
from api.bootstrap import ports
from api.cli import main
from api.demo.company import load_company
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Invalid
from engine.runtime.post import timers
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import start
from engine.service_tasks import ServiceTasks, TaskContext
from engine.store import clock
from engine.store.unit_of_work import Database
from handlers.constraints import RULES
from handlers.inventory.supply import WarehouseDraft, add_warehouse
from handlers.registry import service_tasks
from tests import tiny_models as m

VIENNA = ZoneInfo("Europe/Vienna")
#: Half past midnight on 1 January in Vienna; in UTC it is still the old year.
NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def in_vienna(database):
    """An installation in Vienna, whose clock shows 00:30 on 1 January."""
    here = Database(database.url, time_zone="Europe/Vienna")
    runtime = Runtime(database=here, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher(), constraints=RULES)
    with here.transaction() as tx:
        clock.move_company(tx, NEW_YEAR - clock.machine_now(tx))
    yield Product(Settings(time_zone="Europe/Vienna"), here, runtime, demo=True)
    here.close()


@pytest.fixture
def company_in_vienna(in_vienna):
    """The same with the demo company and its people."""
    load_company(in_vienna.database)
    return in_vienna


@dataclass(frozen=True)
class Nothing:
    pass


def browser(product, name):
    made = create_app(product).test_client()
    made.post("/login", data={"persona": name})
    made.environ_base["HTTP_X_CSRF_TOKEN"] = made.get("/api/v1/me").json["csrf_token"]
    return made


def deployed(product, bundle):
    with product.database.transaction() as tx:
        deploy.deploy(product.runtime, tx, bundle, "ada")


def started(product, key, **variables):
    with product.database.transaction() as tx:
        return start(product.runtime, tx, key, variables)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "vienna", "Europe", "UTC -c fsync=off"])
def test_a_zone_that_does_not_exist_is_refused_at_start_in_one_sentence(zone):
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({"ORDERCRAFT_TIME_ZONE": zone})
    assert refused.value.detail == f"ORDERCRAFT_TIME_ZONE is {zone!r}, which is no time zone."
    assert "Europe/Vienna" in refused.value.next_step


def test_the_command_line_says_it_without_a_traceback():
    made = CliRunner().invoke(main, ["migrate"], env={"ORDERCRAFT_TIME_ZONE": "Mars/Olympus"})
    assert made.exit_code == 1
    assert "'Mars/Olympus', which is no time zone" in made.output
    assert "Traceback" not in made.output


def test_a_zone_that_exists_is_taken():
    assert Settings.from_environment({"ORDERCRAFT_TIME_ZONE": "Europe/Vienna"}).time_zone == "Europe/Vienna"


def test_the_company_s_day_has_begun_where_it_lives(in_vienna):
    with in_vienna.database.transaction() as tx:
        assert clock.business_today(tx) == date(2027, 1, 1)
        assert clock.business_now(tx).date() == date(2027, 1, 1)
        assert tx.execute(text("SELECT business_now()::date")).scalar_one() == date(2027, 1, 1)


def test_an_order_taken_then_is_an_order_of_the_new_year(company_in_vienna):
    order = {"customer_no": "C-1003", "customer_po": "new-year", "lines": [{"sku": "SEAL-12", "quantity": "1"}]}
    made = browser(company_in_vienna, "tom").post("/api/v1/orders", json=order)
    assert made.status_code == 201, made.json
    with company_in_vienna.database.transaction() as tx:
        assert tx.execute(text("SELECT ordered_on FROM sales_order")).scalar_one() == date(2027, 1, 1)


def test_the_engine_computes_in_the_company_s_zone(in_vienna):
    steps = m.start() + m.script("date_it", "{ on: today(), year: now().year }") + m.user("pay", dueIn="=date(2027, 2, 1)") + m.end()
    deployed(in_vienna, m.bundle("bill", steps, "start -> date_it -> pay -> done"))
    bill = started(in_vienna, "bill")
    with in_vienna.database.transaction() as tx:
        row = tx.execute(text("SELECT variables, started_at FROM instance WHERE id = :id"), {"id": bill}).one()
        due_at = tx.execute(text("SELECT due_at FROM user_task")).scalar_one()
    assert row.variables == {"on": "2027-01-01", "year": 2027}
    assert due_at == datetime(2027, 2, 1, tzinfo=VIENNA)
    assert abs(row.started_at - NEW_YEAR) < timedelta(minutes=10)


@dataclass(frozen=True)
class Told:
    on: date


def test_a_service_task_is_told_the_company_s_date(in_vienna):
    tasks = ServiceTasks()

    @tasks.register("billing.date")
    def date_of(_given: Nothing, context: TaskContext) -> Told:
        """Date an invoice."""
        return Told(context.now.date())

    runtime = Runtime(in_vienna.database, tasks, {}, NullDispatcher())
    bundle = m.bundle("bill", m.start() + m.service("date_it", "billing.date", "made") + m.end(), "start -> date_it -> done")
    with in_vienna.database.transaction() as tx:
        deploy.deploy(runtime, tx, bundle, "ada")
        start(runtime, tx, "bill", {})
    run_until_idle(runtime)
    with in_vienna.database.transaction() as tx:
        assert tx.execute(text("SELECT variables FROM instance")).scalar_one() == {"made": {"on": "2027-01-01"}}


def test_a_timer_of_the_model_is_in_the_company_s_zone_after_a_restart_as_well(in_vienna):
    date_ = "<bpmn:timerEventDefinition><bpmn:timeDate>2027-01-01T09:00</bpmn:timeDate></bpmn:timerEventDefinition>"
    wait = f'<bpmn:intermediateCatchEvent id="wait" name="wait">{date_}</bpmn:intermediateCatchEvent>'
    deployed(in_vienna, m.bundle("pause", m.start() + wait + m.end(), "start -> wait -> done"))
    again = Runtime(in_vienna.database, in_vienna.runtime.service_tasks, {}, NullDispatcher())
    for runtime in (in_vienna.runtime, again):
        with in_vienna.database.transaction() as tx:
            start(runtime, tx, "pause", {})
    with in_vienna.database.transaction() as tx:
        due = tx.execute(text("SELECT due_at FROM timer")).scalars().all()
    assert due == [datetime(2027, 1, 1, 9, tzinfo=VIENNA)] * 2


def test_a_process_that_begins_at_nine_begins_at_nine_in_vienna(in_vienna):
    daily = "<bpmn:timerEventDefinition><bpmn:timeCycle>0 9 * * *</bpmn:timeCycle></bpmn:timerEventDefinition>"
    deployed(in_vienna, m.bundle("report", m.start("daily", daily) + m.end(), "daily -> done"))
    with in_vienna.database.transaction() as tx:
        assert tx.execute(text("SELECT next_due_at FROM schedule")).scalar_one() == datetime(2027, 1, 1, 9, tzinfo=VIENNA)


def test_a_warehouse_without_a_zone_is_in_that_of_the_company(in_vienna):
    with in_vienna.database.transaction() as tx:
        add_warehouse(tx, WarehouseDraft(code="GRAZ", name="Graz", country="AT"))
        assert tx.execute(text("SELECT time_zone FROM warehouse WHERE code = 'GRAZ'")).scalar_one() == "Europe/Vienna"


def test_pages_show_the_company_s_time_and_the_api_says_utc(company_in_vienna):
    deployed(company_in_vienna, m.bundle("check", m.start() + m.user("look") + m.end(), "start -> look -> done"))
    instance = started(company_in_vienna, "check")
    olga = browser(company_in_vienna, "olga")
    page = olga.get(f"/operations/instances/{instance}").text
    assert re.search(r"<dt>Started</dt><dd><time [^>]*CET[^>]*>1 Jan 00:3\d", page)
    row = olga.get(f"/api/v1/instances/{instance}").json
    assert re.fullmatch(r"2026-12-31T23:3\d:[\d.]+Z", row["started_at"])
    listed = olga.get("/api/v1/instances").json["items"]
    assert all(each["started_at"].endswith("Z") for each in listed)
    explained = olga.get(f"/api/v1/instances/{instance}/explanation").json
    assert explained["since"].endswith("Z")
    assert all(wait["since"].endswith("Z") for wait in explained["waits"])


def test_every_page_says_that_the_clock_was_moved_and_so_does_the_probe(company_in_vienna):
    olga = browser(company_in_vienna, "olga")
    for address in ("/", "/orders", "/worklist", "/operations/instances", "/finance/receipts"):
        page = olga.get(address)
        if page.status_code == 200:
            assert "clock was moved" in page.text, address
            assert re.search(r"Here it is 1 Jan 2027 00:3\d CET, \d+ d", page.text), address
    assert "clock was moved" in create_app(company_in_vienna).test_client().get("/login").text
    ready = olga.get("/health/ready").json["clock"]
    assert ready["time_zone"] == "Europe/Vienna"
    assert ready["seconds_ahead"] > 0


def test_a_clock_that_was_not_moved_is_not_spoken_of(signed_in):
    olga = signed_in("olga")
    assert "clock was moved" not in olga.get("/operations/instances").text
    assert olga.get("/health/ready").json["clock"] == {"seconds_ahead": 0, "time_zone": "UTC"}


def test_in_a_demo_the_operator_moves_the_clock_and_what_is_due_happens(installation, signed_in):
    deployed(installation, m.bundle("pause", m.start() + m.timer("rest", "P14D") + m.end(), "start -> rest -> done"))
    instance = started(installation, "pause")
    olga = signed_in("olga")
    before = datetime.fromisoformat(olga.get("/api/v1/demo/clock").json["now"])
    moved = olga.post("/api/v1/demo/clock", json={"by": "P14D"})
    assert moved.status_code == 200
    assert datetime.fromisoformat(moved.json["now"]) - before >= timedelta(days=14)
    assert moved.json["now"].endswith("Z")
    with installation.database.transaction() as tx:
        assert timers.tick(installation.runtime, tx) == 1
    run_until_idle(installation.runtime)
    row = olga.get(f"/api/v1/instances/{instance}").json
    assert row["state"] == "completed"
    assert datetime.fromisoformat(row["ended_at"]) - before >= timedelta(days=14)
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT actor, action FROM audit WHERE action = 'move_clock'")).one() == ("olga", "move_clock")
    assert olga.post("/api/v1/demo/clock", json={}).json["seconds_ahead"] == 0


def test_a_clock_is_set_to_a_moment_of_the_company(company_in_vienna):
    made = browser(company_in_vienna, "olga").post("/api/v1/demo/clock", json={"to": "2027-03-28T02:30"})
    assert made.json["now"].startswith("2027-03-28T01:30:")  # a time that Vienna leaves out that night
    assert made.json["today"] == "2027-03-28"


@pytest.mark.parametrize(
    "body", [{"by": "soon"}, {"to": "2027-02-30"}, {"by": "P1D", "to": "2027-01-01"}, {"by": "P900Y"}, {"by": "P9000Y"}]
)
def test_a_text_that_gives_no_time_moves_no_clock(installation, signed_in, body):
    refused = signed_in("olga").post("/api/v1/demo/clock", json=body)
    assert refused.status_code == 422
    assert refused.json["next_step"]
    with installation.database.transaction() as tx:
        assert clock.moved_by(tx) == timedelta()


def test_only_who_operates_may_move_it(signed_in):
    assert signed_in("tom").post("/api/v1/demo/clock", json={"by": "P1D"}).status_code == 403


def test_in_production_nobody_moves_the_clock(installation):
    served = Product(Settings(), installation.database, installation.runtime)
    token = create_app(installation).test_client()
    token.post("/login", data={"persona": "olga"})
    csrf = token.get("/api/v1/me").json["csrf_token"]
    plain = create_app(served).test_client()
    plain.set_cookie("ordercraft_session", token.get_cookie("ordercraft_session").value)
    refused = plain.post("/api/v1/demo/clock", json={"by": "P1D"}, headers={"X-CSRF-Token": csrf})
    assert (refused.status_code, refused.json["code"]) == (403, "no_demo")
    with installation.database.transaction() as tx:
        assert clock.moved_by(tx) == timedelta()


def test_the_command_moves_a_demo_and_no_company_s_own_database(own_database):
    environment = {"DATABASE_URL": own_database.url, "ORDERCRAFT_TIME_ZONE": "Europe/Vienna"}
    refused = CliRunner().invoke(main, ["demo", "clock", "P1D"], env=environment)
    assert refused.exit_code == 1
    assert "This is no demo" in refused.output
    load_company(own_database)
    moved = CliRunner().invoke(main, ["demo", "clock", "--to", "2027-01-01T00:30"], env=environment)
    assert moved.exit_code == 0, moved.output
    assert moved.output.startswith("2027-01-01 00:30:0")
    assert "CET" in moved.output
    shown = CliRunner().invoke(main, ["demo", "clock"], env=environment)
    assert shown.output.startswith("2027-01-01 00:3")
    CliRunner().invoke(main, ["demo", "clock", "--real"], env=environment)
    with own_database.transaction() as tx:
        assert clock.moved_by(tx) == timedelta()
