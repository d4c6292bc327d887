"""Every page of the product and an address to open it at: from the routes, so that none is forgotten.

Of a page with parts in its address a row of the demo's ninety days is the example; a new page without one is named by a test.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

import bpmn
from engine.models.bundle import Bundle, read_bundle
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, drafts
from engine.store.clock import business_now
from handlers.changes import Author
from handlers.edi import arriving
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.receivables.late_charges import LateTerms, charge
from handlers.receivables.late_interest import RateFrom
from handlers.sealing import Ring
from handlers.webhooks import subscriptions
from handlers.webhooks.subscriptions import SubscriptionDraft
from tests.integration.edi.conftest import add_coyote
from tests.unit.edi.interchanges import ORDER_850, x12

#: Where there is one of what a page with parts in its address shows: its parts, by their names. After a question mark stand parameters.
EXAMPLES: Final[Mapping[str, str]] = {
    "/administration/accounts/<name>": "SELECT 'tom' AS name",
    "/finance/disputes/<number>": "SELECT dispute_no AS number FROM dispute ORDER BY 1 LIMIT 1",
    "/finance/invoices/<number>": "SELECT invoice_no AS number FROM invoice ORDER BY 1 LIMIT 1",
    "/finance/invoices/<number>/adjust": "SELECT invoice_no AS number FROM invoice ORDER BY 1 DESC LIMIT 1",
    "/finance/invoices/<number>/return": "SELECT invoice_no AS number FROM invoice ORDER BY 1 DESC LIMIT 1",
    "/finance/late-charges/<number>": "SELECT charge_no AS number FROM late_charge ORDER BY 1 LIMIT 1",
    "/finance/late-charges/<number>/waive": "SELECT charge_no AS number FROM late_charge ORDER BY 1 LIMIT 1",
    "/finance/receipts/<number>": "SELECT receipt_no AS number FROM receipt ORDER BY 1 LIMIT 1",
    "/finance/statements/<number>": "SELECT statement_no AS number FROM bank_statement ORDER BY 1 LIMIT 1",
    "/fulfillment/groups/<number>": "SELECT group_no AS number FROM fulfil_group ORDER BY 1 DESC LIMIT 1",
    "/fulfillment/purchase-orders/<number>": "SELECT po_no AS number FROM purchase_order ORDER BY 1 LIMIT 1",
    "/fulfillment/purchase-orders/<number>/return": "SELECT po_no AS number FROM purchase_order ORDER BY 1 LIMIT 1",
    "/fulfillment/returns/<number>": "SELECT rma_no AS number FROM return_authorization ORDER BY 1 LIMIT 1",
    "/fulfillment/shipments/<number>": "SELECT shipment_no AS number FROM shipment ORDER BY 1 LIMIT 1",
    "/fulfillment/waves/<number>": "SELECT wave_no AS number FROM wave ORDER BY 1 LIMIT 1",
    "/login/<any(code, enrol):step>": "SELECT 'code' AS step",
    "/master-data/bank-layouts/<path:key>": "SELECT layout_no AS key FROM bank_layout LIMIT 1",
    "/master-data/calendars/<code>": "SELECT code FROM business_calendar ORDER BY 1 LIMIT 1",
    "/master-data/customers/<path:key>": "SELECT 'C-1001' AS key",
    "/master-data/edi-partners/<path:key>": "SELECT partner_no AS key FROM edi_partner LIMIT 1",
    "/master-data/imports/<int:import_id>": "SELECT max(id) AS import_id FROM data_import",
    "/master-data/imports/kinds/<kind>": "SELECT 'customers' AS kind",
    "/master-data/items/<path:key>": "SELECT 'PUMP-40' AS key",
    "/master-data/suppliers/<path:key>": "SELECT supplier_no AS key FROM supplier ORDER BY 1 LIMIT 1",
    "/operations/batches/<int:batch_id>": "SELECT max(id) AS batch_id FROM batch",
    "/operations/edi/<int:interchange_id>": "SELECT max(id) AS interchange_id FROM edi_interchange",
    "/operations/instances/<uuid:instance_id>": "SELECT id AS instance_id FROM instance WHERE state = 'incident' ORDER BY id LIMIT 1",
    "/operations/instances/<uuid:instance_id>/repair/<verb>": (
        "SELECT id AS instance_id, 'move' AS verb FROM instance WHERE state = 'incident' ORDER BY started_at LIMIT 1"
    ),
    "/operations/webhooks/<int:subscription_id>": "SELECT max(id) AS subscription_id FROM webhook_subscription",
    "/orders/<order_no>": "SELECT order_no FROM sales_order WHERE state = 'SUBMITTED' ORDER BY 1 LIMIT 1",
    "/orders/<order_no>/change": "SELECT order_no FROM sales_order WHERE state = 'SUBMITTED' ORDER BY 1 DESC LIMIT 1",
    "/orders/hold-kinds/<hold_code>": "SELECT 'FRAUD' AS hold_code",
    "/processes/<bundle>": "SELECT 'quote-to-order' AS bundle",
    "/processes/<bundle>/diff": "SELECT 'dispute' AS bundle",
    "/processes/<bundle>/draft": "SELECT 'quote-to-order' AS bundle",
    "/processes/<bundle>/draft/<path:path>": "SELECT 'quote-to-order' AS bundle, 'quote-to-order.bpmn' AS path",
    "/processes/<bundle>/outcome": "SELECT 'quote-to-order' AS bundle",
    "/processes/<bundle>/start": "SELECT 'quote-to-order' AS bundle",
    "/processes/<bundle>/take-over/<int:version_id>": (
        "SELECT d.name AS bundle, v.id AS version_id FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id "
        "WHERE NOT v.latest ORDER BY v.id LIMIT 1"
    ),
    "/processes/<bundle>/try": "SELECT 'quote-to-order' AS bundle",
    "/processes/<bundle>/try/all": "SELECT 'order-to-promise' AS bundle",
    "/processes/<bundle>/versions/<int:version>": "SELECT 'quote-to-order' AS bundle, 1 AS version",
    "/processes/<bundle>/what-happened": "SELECT 'quote-to-order' AS bundle",
    "/quotes/<quote_no>": "SELECT quote_no FROM quote ORDER BY 1 LIMIT 1",
    "/reports/<key>": "SELECT 'ar-ageing' AS key",
    "/worklist/<uuid:task_id>": (
        "SELECT id AS task_id FROM user_task WHERE state = 'open' ORDER BY element_id = 'approve_quote' DESC, created_at LIMIT 1"
    ),
    "/worklist/changes/<int:change_id>": "SELECT max(id) AS change_id FROM pending_change",
}
#: Parameters without which a page asks for something else.
ASKED: Final[Mapping[str, str]] = {
    "/master-data/allocations": "sku=PUMP-40",
    "/master-data/made-items": "sku=PUMP-90",
    "/operations/batches/new": "verb=cancel&state=waiting",
    "/operations/instances": "state=",
    "/search": "q=SO-",
    "/worklist/requests": "show=all",
}
#: Files, and parts of a page that are asked for by the page itself.
NO_PAGES: Final = (
    "ui.assets", "ui.favicon", "ui.comments_show_on_case", "ui.comments_show_on_task", "ui.comments_download", "ui.orders_download",
    "ui.waves_print_papers", "ui.waves_print_pick_list", "ui.customers_show_statement", "ui.imports_download_corrections",
    "ui.imports_download_template", "ui.batches_export", "ui.edi_download", "ui.instances_show_element", "ui.instances_show_tokens",
    "ui.dry_runs_show_file", "ui.bundles_show_archive", "ui.bundles_show_file", "ui.mining_export", "ui.mining_export_log",
    "ui.reports_export", "ui.reports_export_books",
    # Decided on with tasks that the form brings; and whoever is signed in is led on from these.
    "ui.worklist_acts_show_decide", "single_sign_on.leave", "single_sign_on.come_back", "single_sign_on.sign_out_there",
    "single_sign_on.leave_to_link",
)  # fmt: skip
_ROOMS: Final = ("ui.", "administration.", "auth.", "single_sign_on.")


def rules_of_pages(application: Flask) -> Iterator[Rule]:
    """The route of every page."""
    for rule in sorted(application.url_map.iter_rules(), key=lambda each: each.rule):
        is_page = rule.endpoint.startswith(_ROOMS) and "GET" in (rule.methods or ())
        if is_page and rule.endpoint not in NO_PAGES and not rule.rule.endswith(".csv") and "redirect" not in rule.endpoint:
            yield rule


def written(rule: Rule) -> str:
    """A route as it is named here: which verbs a repair has is left out."""
    return rule.rule.partition("/repair/")[0] + "/repair/<verb>" if "/repair/" in rule.rule else rule.rule


def addresses(application: Flask, tx: Session) -> Iterator[tuple[str, str]]:
    """Each page by its route, with an address. Raises LookupError for one of which the company has no example."""
    adapter = application.url_map.bind("localhost")
    for rule in rules_of_pages(application):
        name, given = written(rule), dict[str, Any]()
        if rule.arguments:
            row = tx.execute(text(EXAMPLES[name])).mappings().first()
            if row is None or None in row.values():
                raise LookupError(f"There is no example of {name} in the company.")
            given = dict(row)
        asked = f"?{ASKED[name]}" if name in ASKED else ""
        yield name, adapter.build(rule.endpoint, given) + asked


def furnish(runtime: Runtime, tx: Session) -> None:
    """What the demo does not have by itself: a partner by EDI with an order of theirs, a webhook, and a charge for paying late."""
    add_coyote(tx)
    arriving.take_in(runtime, tx, x12(ORDER_850), "edith")
    to_shop = SubscriptionDraft(label="web shop", address="https://shop.invalid/hook", events=["order.*"])
    subscriptions.add(tx, to_shop, (), Ring(("s" * 32,)), Author("edith"))
    if not tx.scalar(text("SELECT 1 FROM draft WHERE bundle = 'quote-to-order'")):
        drafts.begin(tx, "quote-to-order", "ravi")
    charge_late(tx)


def deploy_another(runtime: Runtime, tx: Session) -> None:
    """A second version of a bundle, so that there is an older one whose instances could go over."""
    bundle = read_bundle(Path(bpmn.__path__[0]) / "dispute")
    deploy.deploy(runtime, tx, Bundle(bundle.name, {**bundle.files, "README.md": b"# Dispute, version two"}), "edith")


def charge_late(tx: Session) -> None:
    """Something of another system is forty days late, and its third reminder charges for that."""
    now = business_now(tx)
    due = now.date() - timedelta(days=40)
    owed = {"kind": "AR", "party_no": "C-1002", "document_no": "RE-0815", "document_date": due, "due_date": due, "currency": "EUR"}
    add_open_item(tx, NewOpenItem(**owed, amount=Decimal("1668.00")))
    rates = [RateFrom(due, Decimal("10.15")), RateFrom(due + timedelta(days=21), Decimal("10.40"))]
    basis = "Directive 2011/7/EU: ECB reference rate + 8 points"
    charge(tx, "RE-0815", LateTerms(level=3, fee=Decimal(15), minimum=Decimal(1), rates=rates, basis=basis), now)
