"""What `ordercraft bench pages` prints is measured on real pages; how long they take is judged nowhere."""

from playwright.sync_api import Browser

from api.auth.accounts import add_account
from api.auth.roles import GROUPS
from api.benchmarks.pages import run
from api.bootstrap import ports
from api.demo.people import PEOPLE
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from handlers.registry import service_tasks


def test_a_diagram_of_each_size_is_opened_cold_and_warm_and_checked(database, browser: Browser):
    with database.transaction() as tx:
        for person in PEOPLE:
            add_account(tx, person)
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher())
    [took] = run(browser, Product(Settings(), database, runtime, demo=True, groups=GROUPS), sizes=(6,), rounds=1)
    assert took.elements == 6
    assert min(took.cold_ms, took.warm_ms, took.check_ms) > 0
