"""Pictures of every page in both themes, wide and on a phone: `python -m tests.screenshots DIRECTORY [NAME…]`.

A demo company with a quote that became cash is made for it and thrown away afterwards; with names, only pages whose name holds one of them.
What is listed here has a name and an example; every other page without parts in its address comes by itself, from the routes.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import TextClause, text

from api import logs
from api.app import create_app
from api.bootstrap import build
from api.content import deploy_content
from api.demo.company import load_company
from api.demo.opening import OFFICE
from api.demo.story import run_story
from api.listening import take_address
from api.product import Product
from api.server import Server
from api.settings import Settings
from api.v1.webhook_intake import interpret
from engine.runtime.state.people import Person
from engine.runtime.verbs import drafts
from engine.runtime.verbs.calendars import save_calendar
from engine.runtime.verbs.pending_changes import Wanting, ask_or_do
from handlers.changes import Author
from handlers.edi import arriving
from handlers.imports import verbs as imports
from handlers.parties.bank_accounts import AccountChange
from handlers.parties.guarded import CustomerEdit
from handlers.parties.master_data import BankAccountDraft
from handlers.sealing import Ring
from handlers.webhooks import receiving, sources, subscriptions
from handlers.webhooks.sources import SourceDraft
from handlers.webhooks.subscriptions import SubscriptionDraft
from tests.chromium import find_chromium
from tests.integration.edi.conftest import add_coyote
from tests.pages import charge_late
from tests.unit.edi.interchanges import ORDER_850, x12
from tests.waiting import until

#: A file with a row of each verdict.
_CUSTOMERS = b"""customer_no,name,country,currency,credit_limit,net_days
C-7001,Acme Rockets,AT,EUR,5000,30
C-7002,Wile & Sons,AT,EUR,"1,000",30
C-1001,Bergmann Haustechnik GmbH,AT,EUR,60000.00,45
C-7003,Roadrunner Ltd,XX,EUR,10,30
C-7004,Giant Kites,AT,EUR,9000000,30
"""
#: Every page by a name; `{instance}`, `{order}` and `{quote}` are those of the story, `{waiting}` is an instance under way.
PAGES = {
    "today": "/",
    "quotes": "/quotes",
    "quote": "/quotes/{quote}",
    "orders": "/orders",
    "order": "/orders/{order}",
    "order-change": "/orders/{order}/change",
    "worklist": "/worklist",
    "task": "/worklist/{task}",
    "mentions": "/worklist/mentions",
    "requests": "/worklist/requests?show=all",
    "substitutes": "/worklist/substitutes",
    "changes": "/worklist/changes",
    "change": "/worklist/changes/{change}",
    "reports": "/reports",
    "report-trial-balance": "/reports/trial-balance",
    "report-ar-ageing": "/reports/ar-ageing",
    "report-forecast": "/reports/cash-forecast",
    "periods": "/finance/periods",
    "billing-run": "/finance/billing-run",
    "waves": "/fulfillment/waves",
    "customer": "/master-data/customers/C-1001",
    "notices": "/profile/notices",
    "alerts": "/operations/alerts",
    "task-link": "/task-link",
    "holds": "/orders/holds",
    "hold-kinds": "/orders/hold-kinds",
    "hold-kind": "/orders/hold-kinds/FRAUD",
    "calendars": "/master-data/calendars",
    "calendar": "/master-data/calendars/office",
    "company": "/master-data/company",
    "imports": "/master-data/imports",
    "import": "/master-data/imports/1",
    "import-kind": "/master-data/imports/kinds/customers",
    "processes": "/processes",
    "process": "/processes/quote-to-order",
    "process-dispute": "/processes/dispute",
    "process-collecting": "/processes/invoice-to-receipt",
    "process-decisions": "/processes/quote-to-order?show=decisions",
    "process-forms": "/processes/quote-to-order?show=forms",
    "process-scenarios": "/processes/quote-to-order?show=scenarios",
    "process-versions": "/processes/quote-to-order?show=versions",
    "process-what-happened": "/processes/quote-to-order/what-happened",
    "process-compared": "/processes/quote-to-order/what-happened?compare=1&state=completed&b_state=running",
    "disputes": "/finance/disputes",
    "late-charges": "/finance/late-charges",
    "late-charge": "/finance/late-charges/LC-000001",
    "late-charge-waive": "/finance/late-charges/LC-000001/waive",
    "bank-files": "/finance/bank-files",
    "bank-layouts": "/master-data/bank-layouts",
    "start": "/processes/quote-to-order/start",
    "try": "/processes/quote-to-order/try",
    "try-scenario": "/processes/quote-to-order/try?scenario=happy-path.scenario.json",
    "try-all": "/processes/quote-to-order/try/all",
    "landscape": "/processes/landscape",
    "service-tasks": "/processes/service-tasks",
    "rules": "/processes/rules?name=deadlock",
    "words": "/processes/words",
    "feel": "/processes/feel",
    "drafts": "/processes/drafts",
    "draft": "/processes/quote-to-order/draft",
    "draft-outcome": "/processes/quote-to-order/outcome?draft=1",
    "modeler": "/processes/quote-to-order/draft/quote-to-order.bpmn",
    "decision-editor": "/processes/quote-to-order/draft/approvers.dmn",
    "form-editor": "/processes/quote-to-order/draft/approve-quote.form",
    "text-editor": "/processes/quote-to-order/draft/README.md",
    "instances": "/operations/instances?state=",
    "instance": "/operations/instances/{instance}",
    "instance-waiting": "/operations/instances/{waiting}",
    "repair-move": "/operations/instances/{waiting}/repair/move?element_id=revise_quote",
    "incidents": "/operations/incidents",
    "batches": "/operations/batches",
    "batch-new": "/operations/batches/new?verb=cancel&state=waiting",
    "external-tasks": "/operations/external-tasks",
    "search": "/search?q=SO-",
    "signals": "/operations/signals",
    "work": "/operations/work",
    "timers": "/operations/timers",
    "waits": "/operations/waits",
    "messages": "/operations/messages",
    "effects": "/operations/effects",
    "workers": "/operations/workers",
    "edi": "/operations/edi",
    "mail-texts": "/operations/mail-texts",
    "limits": "/administration/limits",
    "webhooks": "/operations/webhooks",
    "webhook-one": "/operations/webhooks/1",
    "webhooks-in": "/operations/webhooks/received",
    "webhook-events": "/operations/webhooks/events",
    "edi-interchange": "/operations/edi/{interchange}",
    "edi-partner": "/master-data/edi-partners/COYOTE-X12",
    "edi-partner-new": "/master-data/edi-partners/new",
    "audit": "/operations/audit",
    "receipts": "/finance/receipts",
    "invoices": "/finance/invoices",
    "invoice": "/finance/invoices/INV-000001",
    "adjustment-new": "/finance/invoices/INV-000001/adjust",
    "return-new": "/finance/invoices/INV-000001/return",
    "returns": "/fulfillment/returns",
    "statements": "/finance/statements",
    "groups": "/fulfillment/groups",
    "shipment": "/fulfillment/shipments/SH-000001",
    "purchase-order": "/fulfillment/purchase-orders/PO-000001",
    "supplier-prices": "/master-data/supplier-prices",
    "made-items": "/master-data/made-items?sku=PUMP-40",
    "allocations": "/master-data/allocations?sku=PUMP-40",
    "journals": "/finance/journals",
    "journal-new": "/finance/journals/new",
    "customers": "/master-data/customers",
    "prices": "/master-data/prices",
    "rates": "/master-data/rates",
    "sign-in": "/login",
    "accounts": "/administration/accounts",
    "account": "/administration/accounts/tom",
    "account-new": "/administration/accounts/new",
    "roles": "/administration/roles",
    "profile": "/profile",
    "confirm": "/confirm",
    "single-sign-on": "/administration/single-sign-on",
    "choose-password": "/password",
}
THEMES = ("light", "dark")
SIZES = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
_ISLANDS = "process-diagram, diagram-editor, decision-editor, form-file-editor, text-editor, task-form, feel-playground"
_ALL_READY = f"[...document.querySelectorAll('{_ISLANDS}')].every((each) => each.dataset.ready || !each.offsetParent)"


def main(directory: Path, names: list[str]) -> None:
    """Take the pictures, each as `NAME-THEME-SIZE.png`."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("There is no Chromium: run `python -m tests.chromium`.")
    directory.mkdir(parents=True, exist_ok=True)
    with _demo() as (address, told, product), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        wanted = {name: path for name, path in all_pages(product).items() if not names or any(each in name for each in names)}
        for theme in THEMES:
            for size in SIZES:
                _take(browser, address, {name: path.format(**told) for name, path in wanted.items()}, directory, (theme, size))
        browser.close()


def all_pages(product: Product) -> dict[str, str]:
    """The pages above, and every other page of the product whose address has no parts: none is forgotten."""
    listed = {path.partition("?")[0] for path in PAGES.values()}
    rules = [rule for rule in create_app(product).url_map.iter_rules() if rule.endpoint.startswith("ui.") and not rule.arguments]
    others = {rule.rule for rule in rules if "GET" in (rule.methods or ())} - listed
    return {**PAGES, **{path.strip("/").replace("/", "-"): path for path in sorted(others) if not path.endswith((".csv", "/"))}}


def _take(browser: Browser, address: str, pages: dict[str, str], directory: Path, look: tuple[str, str]) -> None:
    theme, size = look
    context = browser.new_context(viewport=SIZES[size])  # type: ignore[arg-type]  # a viewport
    context.add_cookies([{"name": "theme", "value": theme, "url": address}])
    context.request.post(f"{address}/login", form={"persona": "edith"})
    for name, path in pages.items():
        page = context.new_page()
        page.goto(address + path)
        settled(page)
        page.screenshot(path=directory / f"{name}-{theme}-{size}.png", full_page=True)
        page.close()
        print(f"{name}-{theme}-{size}.png")  # noqa: T201  # somebody waits
    context.close()


def settled(page: Page) -> None:
    """Every island of the page has drawn what it shows, or has said that it cannot."""
    page.wait_for_load_state("networkidle")
    until(lambda: page.evaluate(_ALL_READY))  # the page's policy lets no script of ours poll


@contextmanager
def _demo() -> Iterator[tuple[str, dict[str, str], Product]]:
    """A served demo in which one quote went all the way, and another one waits to be approved; with a draft."""
    with tempfile.TemporaryDirectory(prefix="ordercraft-pictures-") as home:
        logs.configure("error", sys.stderr)
        product = build(Settings(data=Path(home)), with_worker=True, demo=True)
        deploy_content(product, actor="ordercraft")
        load_company(product.database)
        with product.database.transaction() as tx:  # nobody is there: what one sees is what one does then
            to_shop = SubscriptionDraft(label="web shop", address="https://shop.invalid/hook", events=["order.*", "invoice.*"])
            subscriptions.add(tx, to_shop, (), Ring(("s" * 32,)), Author("edith"))
            from_shop = SourceDraft(name="web-shop", label="Web shop", kinds=["order.created"], customer_no="C-1001")
            sources.keep(tx, from_shop, Author("edith"))
            asked = b'{"type": "order.created", "data": {"customer_no": "C-1002", "lines": []}}'
            receiving.receive(tx, receiving.Source("web-shop", ["order.created"], "C-1001", [], "edith"), "m-1", asked, interpret)
        server = Server(product, take_address("127.0.0.1", 0))
        serving = threading.Thread(target=server.run, daemon=True)
        serving.start()
        try:
            report = run_story(server.address)
            yield server.address, _told(product, report["order_no"]), product
        finally:
            server.stop()
            serving.join(timeout=30)


def _told(product: Product, order_no: str) -> dict[str, str]:
    with product.database.transaction() as tx:
        drafts.begin(tx, "quote-to-order", "edith")
        save_calendar(product.runtime, tx, OFFICE, Person("edith"))
        wanting = Wanting("tom", "A frame order of 200 pumps, as agreed with their buyer")
        edit = CustomerEdit(customer_no="C-1001", changes={"credit_limit": Decimal(2_500_000), "net_days": 45})
        change = ask_or_do(product.runtime, tx, "customer.change", edit, wanting).pending
        account = BankAccountDraft(iban="DE02120300000000202051", customer_no="C-1001")
        ask_or_do(product.runtime, tx, "customer.bank_account", AccountChange(account=account), Wanting("edith", "They wrote to us"))
        add_coyote(tx)
        bad = ORDER_850.replace("*2*EA", "*two*EA").replace("CUR*BY*EUR", "CUR*BY*EURO")
        (came,) = arriving.take_in(product.runtime, tx, x12(ORDER_850, bad), "edith")
        imports.check(product.runtime, tx, imports.File(kind="customers", name="customers.csv", data=_CUSTOMERS), "tom")
        charge_late(tx)
        row = tx.execute(
            text("SELECT id, business_key FROM instance WHERE process_key = 'quote-to-order' ORDER BY started_at LIMIT 1")
        ).one()
    # The worker is still at what has come in: the order desk's task is there when it is done.
    task, waiting = (until(lambda statement=statement: _found(product, statement)) for statement in (_OPEN_TASK, _WAITING))
    told = {"order": order_no, "interchange": str(came.interchange_id), "quote": row.business_key, "instance": str(row.id)}
    return {**told, "task": str(task), "change": str(change), "waiting": str(waiting)}


def _found(product: Product, statement: TextClause) -> Any:
    with product.database.transaction() as tx:
        return tx.scalar(statement)


_OPEN_TASK = text("SELECT id FROM user_task WHERE state = 'open' ORDER BY created_at LIMIT 1")
_WAITING = text("SELECT id FROM instance WHERE state = 'waiting' ORDER BY process_key = 'quote-to-order' DESC, started_at LIMIT 1")


if __name__ == "__main__":
    if len(sys.argv) < 2:  # the program and where to
        sys.exit("Say where the pictures go: python -m tests.screenshots DIRECTORY [NAME…]")
    main(Path(sys.argv[1]), sys.argv[2:])
