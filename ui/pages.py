"""The addresses of the pages. One line an address: where it is, who answers it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, request, send_from_directory

from engine.problems import Problem
from engine.runtime.read.pending import count_pending
from engine.runtime.read.worklist import count_urgent
from ui import company_time, facts, formats, languages
from ui.build import DIST
from ui.errors import answer_problem
from ui.manifest import Manifest
from ui.product import ADMINISTER, OPERATE, READ, needs, open_to_all, product
from ui.subjects import subject_address
from ui.views import (
    adjustments,
    allocations,
    audit_log,
    bank_files,
    batches,
    billing_runs,
    bundles,
    calendars,
    comments,
    company,
    customers,
    drafts,
    dry_runs,
    edi,
    external_tasks,
    feel,
    holds,
    imports,
    incidents,
    instances,
    journals,
    landscape,
    late_charges,
    made_items,
    mail_texts,
    mining,
    order_changes,
    order_desk,
    orders,
    outcomes,
    pending,
    pending_changes,
    periods,
    prices,
    process_settings,
    quotes,
    receipts,
    records,
    repair,
    reports,
    requests,
    returns,
    rules,
    saved_views,
    screening,
    search,
    service_tasks,
    signals,
    starts,
    subjects,
    substitutes,
    supplier_prices,
    supplier_returns,
    take_over,
    task_hands,
    task_queues,
    today,
    versions,
    waves,
    work,
    worklist,
    worklist_acts,
)

GET, POST = ["GET"], ["POST"]
_REPAIR = f"<any({', '.join(repr(verb) for verb in repair.REPAIRS)}):verb>"
ROUTES: Sequence[tuple[str, Callable[..., Any], list[str]]] = (
    ("/", today.show, GET),
    ("/search", search.show, GET),
    ("/views", saved_views.save, POST),
    ("/views/<int:view_id>/remove", saved_views.remove, POST),
    ("/worklist", worklist.show_list, GET),
    ("/worklist.csv", worklist_acts.export, GET),
    ("/worklist/decide", worklist_acts.show_decide, GET),
    ("/worklist/decide", worklist_acts.decide, POST),
    ("/worklist/<any(claim, release):verb>", worklist_acts.act, POST),
    ("/worklist/changes", pending_changes.show_list, GET),
    ("/worklist/changes/<int:change_id>", pending_changes.show, GET),
    ("/worklist/changes/<int:change_id>/<any(confirm, refuse, withdraw):verb>", pending_changes.decide, POST),
    ("/worklist/<uuid:task_id>", worklist.show_task, GET),
    ("/worklist/<uuid:task_id>/assign", worklist.assign, POST),
    ("/worklist/<uuid:task_id>/override", worklist.override, POST),
    ("/worklist/<uuid:task_id>/<any(ask, answer, 'take-back', 'send-back', plan):verb>", task_hands.act, POST),
    ("/worklist/<uuid:task_id>/comments", comments.show_on_task, GET),
    ("/worklist/<uuid:task_id>/comments", comments.say_on_task, POST),
    ("/worklist/requests", requests.show, GET),
    ("/worklist/substitutes", substitutes.show, GET),
    ("/worklist/substitutes", substitutes.set_up, POST),
    ("/worklist/substitutes/<int:substitution_id>/end", substitutes.end, POST),
    ("/worklist/mentions", comments.show_mentions, GET),
    ("/worklist/mentions/seen", comments.mark_seen, POST),
    ("/cases/<kind>/<number>/comments", comments.show_on_case, GET),
    ("/cases/<kind>/<number>/comments", comments.say_on_case, POST),
    ("/comments/attachments/<int:attachment_id>", comments.download, GET),
    ("/quotes", quotes.show_list, GET),
    ("/quotes", quotes.write, POST),
    ("/quotes/new", quotes.show_new, GET),
    ("/quotes/<quote_no>", quotes.show_quote, GET),
    ("/quotes/<quote_no>/<any(accept, decline, withdraw, extend):verb>", quotes.answer, POST),
    ("/orders", orders.show_list, GET),
    ("/orders.csv", orders.export, GET),
    ("/orders/<order_no>", orders.show_order, GET),
    ("/documents/<int:document_id>", orders.download, GET),
    ("/orders/<order_no>/cancel", orders.cancel_order, POST),
    ("/orders/<order_no>/change", order_changes.show_change, GET),
    ("/orders/<order_no>/change", order_changes.change_order, POST),
    ("/orders/<order_no>/ship-to", order_desk.correct_address, POST),
    ("/orders/<order_no>/holds", order_desk.hold, POST),
    ("/orders/<order_no>/holds/<hold_code>/release", order_desk.release, POST),
    ("/orders/<order_no>/groups/<group_no>/release", orders.release_group, POST),
    ("/master-data", records.redirect_to_list, GET),
    ("/master-data/prices", prices.show_prices, GET),
    ("/master-data/prices", prices.set_price, POST),
    ("/master-data/made-items", made_items.show, GET),
    ("/master-data/made-items", made_items.set_made_item, POST),
    ("/master-data/allocations", allocations.show, GET),
    ("/master-data/allocations", allocations.set_allocation, POST),
    ("/master-data/supplier-prices", supplier_prices.show, GET),
    ("/master-data/supplier-prices", supplier_prices.set_price, POST),
    ("/master-data/rates", prices.show_rates, GET),
    ("/master-data/rates", prices.set_rate, POST),
    *calendars.ROUTES,
    *holds.ROUTES,
    *screening.ROUTES,
    ("/master-data/company", company.show, GET),
    ("/master-data/company", company.save, POST),
    ("/master-data/imports", imports.show_list, GET),
    ("/master-data/imports", imports.take_file, POST),
    ("/master-data/imports/kinds/<kind>", imports.show_kind, GET),
    ("/master-data/imports/kinds/<kind>/template.<any(csv, xlsx):file_format>", imports.download_template, GET),
    ("/master-data/imports/<int:import_id>", imports.show, GET),
    ("/master-data/imports/<int:import_id>/to-correct.<any(csv, xlsx):file_format>", imports.download_corrections, GET),
    ("/master-data/imports/<int:import_id>/<any(apply, undo, discard):verb>", imports.act, POST),
    *records.routes(),
    *subjects.routes(),
    ("/master-data/customers/<customer_no>/statement-of-account", customers.show_statement, GET),
    ("/master-data/customers/<customer_no>/statement-of-account", customers.send_statement, POST),
    ("/operations/mail-texts", mail_texts.show, GET),
    ("/operations/mail-texts", mail_texts.keep, POST),
    ("/master-data/customers/<customer_no>/addresses", customers.add_address, POST),
    ("/master-data/customers/<customer_no>/addresses/<int:address_id>", customers.change_address, POST),
    ("/master-data/customers/<customer_no>/accounts", customers.ask_account, POST),
    ("/fulfillment", subjects.redirect_to_fulfillment, GET),
    ("/finance/invoices/<number>/adjust", adjustments.show_new, GET),
    ("/finance/invoices/<number>/adjust", adjustments.ask, POST),
    ("/finance/late-charges/<number>/waive", late_charges.show_waiver, GET),
    ("/finance/late-charges/<number>/waive", late_charges.waive, POST),
    ("/finance/invoices/<number>/return", returns.show_new, GET),
    ("/finance/invoices/<number>/return", returns.ask, POST),
    ("/finance", journals.redirect_to_finance, GET),
    ("/finance/journals", journals.show_list, GET),
    ("/finance/journals", journals.write, POST),
    ("/finance/journals/new", journals.show_new, GET),
    ("/finance/bank-files", bank_files.show_list, GET),
    ("/finance/bank-files", bank_files.take_in, POST),
    ("/finance/receipts", receipts.show_list, GET),
    ("/finance/receipts/<receipt_no>/apply", receipts.apply, POST),
    ("/finance/receipts/<receipt_no>/keep", receipts.keep, POST),
    ("/fulfillment/purchase-orders/<number>/return", supplier_returns.show_new, GET),
    ("/fulfillment/purchase-orders/<number>/return", supplier_returns.ask, POST),
    ("/fulfillment/waves", waves.show_list, GET),
    ("/fulfillment/waves", waves.begin, POST),
    ("/fulfillment/waves/<number>", waves.show_wave, GET),
    ("/fulfillment/waves/<number>/pack", waves.pack, POST),
    ("/fulfillment/waves/<number>/hand-over", waves.hand_over, POST),
    ("/fulfillment/waves/<number>/pick-list", waves.print_pick_list, GET),
    ("/fulfillment/waves/<number>/papers", waves.print_papers, GET),
    ("/finance/billing-run", billing_runs.show_list, GET),
    ("/finance/billing-run", billing_runs.begin, POST),
    ("/finance/periods", periods.show_list, GET),
    ("/finance/periods", periods.begin, POST),
    ("/finance/periods/<starts_on>/reopen", periods.reopen, POST),
    ("/reports", reports.show_list, GET),
    ("/reports/books.zip", reports.export_books, GET),
    ("/reports/<key>", reports.show, GET),
    ("/reports/<key>.csv", reports.export, GET),
    ("/finance/receipts/<receipt_no>/accept/<int:rank>", receipts.accept, POST),
    ("/finance/receipts/<receipt_no>/payer", receipts.identify, POST),
    ("/finance/receipts/<receipt_no>/free", receipts.free, POST),
    ("/processes", bundles.show_list, GET),
    ("/processes", versions.import_bundle, POST),
    ("/processes.csv", bundles.export, GET),
    ("/processes/service-tasks", service_tasks.show, GET),
    ("/processes/drafts", drafts.show_list, GET),
    ("/processes/drafts", drafts.begin_new, POST),
    ("/processes/landscape", landscape.show, GET),
    ("/processes/feel", feel.show, GET),
    ("/processes/rules", rules.show, GET),
    ("/processes/words", rules.show_words, GET),
    ("/processes/<bundle>", bundles.show_newest, GET),
    ("/processes/<bundle>/start", starts.show, GET),
    ("/processes/<bundle>/start", starts.begin, POST),
    ("/processes/<bundle>/try", dry_runs.show, GET),
    ("/processes/<bundle>/try", dry_runs.act, POST),
    ("/processes/<bundle>/try/all", dry_runs.show_all, GET),
    ("/processes/<bundle>/try/files/<path:path>", dry_runs.show_file, GET),
    ("/processes/<bundle>/what-happened", mining.show, GET),
    ("/processes/<bundle>/what-happened.csv", mining.export, GET),
    ("/processes/<bundle>/what-happened.ocel.json", mining.export_log, GET),
    ("/processes/<bundle>/outcome", outcomes.show, GET),
    ("/processes/<bundle>/diff", versions.show_diff, GET),
    ("/processes/<bundle>/rollback", versions.roll_back_to, POST),
    ("/processes/<bundle>/retire/<int:version_id>", versions.retire, POST),
    ("/processes/<bundle>/take-over/<int:version_id>", take_over.show, GET),
    ("/processes/<bundle>/take-over/<int:version_id>", take_over.act, POST),
    ("/processes/<bundle>/versions/<int:version>", bundles.show_version, GET),
    ("/processes/<bundle>/versions/<int:version>/archive", bundles.show_archive, GET),
    ("/processes/<bundle>/versions/<int:version>/files/<path:path>", bundles.show_file, GET),
    ("/processes/<bundle>/draft", drafts.show_draft, GET),
    ("/processes/<bundle>/draft", drafts.begin, POST),
    ("/processes/<bundle>/draft/<any(deploy, discard, rebase, add, import, rename, remove, restore):verb>", drafts.change, POST),
    ("/processes/<bundle>/draft/<path:path>", drafts.edit, GET),
    ("/operations", instances.redirect_to_list, GET),
    ("/operations/instances", instances.show_list, GET),
    ("/operations/instances.csv", instances.export, GET),
    ("/operations/instances/<uuid:instance_id>", instances.show_instance, GET),
    ("/operations/instances/<uuid:instance_id>/tokens", instances.show_tokens, GET),
    ("/operations/instances/<uuid:instance_id>/elements/<element_id>", instances.show_element, GET),
    ("/operations/instances/<uuid:instance_id>/<any(suspend, resume, cancel):verb>", instances.operate, POST),
    (f"/operations/instances/<uuid:instance_id>/repair/{_REPAIR}", repair.show, GET),
    (f"/operations/instances/<uuid:instance_id>/repair/{_REPAIR}", repair.repair, POST),
    ("/operations/processes", versions.redirect_to_list, GET),
    ("/operations/external-tasks", external_tasks.show, GET),
    ("/operations/external-tasks/<uuid:task_id>/unlock", external_tasks.unlock, POST),
    ("/operations/edi", edi.show_list, GET),
    ("/operations/edi", edi.take_in, POST),
    ("/operations/edi/<int:interchange_id>", edi.show, GET),
    ("/operations/edi/<int:interchange_id>/file", edi.download, GET),
    ("/master-data/edi-partners/<partner_no>/places", edi.set_place, POST),
    ("/operations/signals", signals.show, GET),
    ("/operations/signals", signals.send, POST),
    ("/operations/audit", audit_log.show, GET),
    ("/operations/audit.csv", audit_log.export, GET),
    ("/operations/audit/verification", audit_log.verify, POST),
    ("/operations/work", work.show, GET),
    ("/operations/work.csv", work.export, GET),
    ("/operations/work/<any(suspend, resume, 'close-breaker'):verb>", work.act, POST),
    ("/operations/queues", task_queues.show, GET),
    ("/operations/queues", task_queues.set_routing, POST),
    ("/operations/process-settings", process_settings.show, GET),
    ("/operations/process-settings", process_settings.keep, POST),
    ("/operations/workers", work.show_workers, GET),
    *pending.routes(),
    ("/operations/effects/again", pending.send, POST),
    ("/operations/batches", batches.show_list, GET),
    ("/operations/batches", batches.begin, POST),
    ("/operations/batches/new", batches.show_new, GET),
    ("/operations/batches/<int:batch_id>", batches.show, GET),
    ("/operations/batches/<int:batch_id>.csv", batches.export, GET),
    ("/operations/batches/<int:batch_id>/<any(pause, 'go-on', abandon):verb>", batches.steer, POST),
    ("/operations/incidents", incidents.show_causes, GET),
    ("/operations/incidents/<int:incident_id>/<any(retry, acknowledge):verb>", incidents.operate, POST),
    ("/operations/causes/<fingerprint>/acknowledge", incidents.acknowledge_cause, POST),
)
NAVIGATION = (
    ("/", "Today"),
    ("/quotes", "Quotes"),
    ("/orders", "Orders"),
    ("/fulfillment", "Fulfilment"),
    ("/worklist", "Worklist"),
    ("/processes", "Processes"),
    ("/master-data", "Master data"),
    ("/finance", "Finance"),
    ("/operations", "Operations"),
)
#: Beside these, who keeps accounts has a section of their own.
_ADMINISTRATION = ("/administration", "Administration")
#: Further than this nothing is counted for the navigation.
_COUNTED = 100
_A_YEAR = 60 * 60 * 24 * 365


def blueprint(status_of: Callable[[Problem], int]) -> Blueprint:
    """Every page of the product. `ui.product` says what the application must provide, `status_of` with which status it refuses."""
    pages = Blueprint("ui", __name__, template_folder="templates")
    for rule, view, methods in ROUTES:
        if methods == GET and not hasattr(view, "role"):
            view = needs(READ)(view)  # noqa: PLW2901  # whoever may look at anything may look here; a page that asks for more says so
        pages.add_url_rule(rule, f"{view.__module__.rpartition('.')[2]}_{view.__name__}", view, methods=methods)
    pages.add_url_rule("/assets/<name>", "assets", open_to_all(_asset))
    pages.add_url_rule("/favicon.ico", "favicon", open_to_all(_favicon))
    pages.register_error_handler(Problem, lambda problem: answer_problem(problem, status_of(problem)))
    pages.add_app_template_global(_operations_counts, "operations_counts")
    pages.add_app_template_global(saved_views.views_of, "views_of")
    pages.record_once(lambda state: languages.install(state.app.jinja_env))
    manifest = Manifest()
    pages.app_context_processor(lambda: _context(manifest))
    filters = {**formats.FILTERS, **company_time.FILTERS, **facts.FILTERS, "subject_address": subject_address}
    for name, write in filters.items():
        pages.add_app_template_filter(write, name)
    return pages


def _context(manifest: Manifest) -> dict[str, Any]:
    theme = request.cookies.get("theme", "")
    return {
        "assets": lambda island: manifest.assets(island).tags(),
        "navigation": _navigation(),
        "here": _here(request.path),
        "language": languages.language(),
        "only_task": g.get("only_task"),
        "theme": theme if theme in {"light", "dark"} else "",
        "person": g.get("person"),
        "moved_clock": company_time.moved_clock(),
        "navigation_counts": _navigation_counts,
        "comments_on": comments.comments_on,
        "new_key": lambda: uuid4().hex,
    }


def _navigation() -> Sequence[tuple[str, str]]:
    who = g.get("person")
    return (*NAVIGATION, _ADMINISTRATION) if who is not None and ADMINISTER in who.roles else NAVIGATION


def _navigation_counts() -> dict[str, str]:
    """What waits behind a section, to be counted beside its name; asked by whole pages only."""
    who = g.get("person")
    if who is None:
        return {}
    with product().database.transaction() as tx:
        tasks, failed = count_urgent(tx, who)
    counts = {"/worklist": tasks, "/operations": failed if OPERATE in who.roles else 0}
    return {address: f"{many}+" if many >= _COUNTED else str(many) for address, many in counts.items() if many}


def _operations_counts() -> dict[str, str]:
    """What wants looking after behind the tabs of Operations, by address."""
    with product().database.transaction() as tx:
        counts = count_pending(tx, _COUNTED)
    return {f"/operations/{tab}": f"{many}+" if many >= _COUNTED else str(many) for tab, many in counts.items() if many}


def _here(path: str) -> str:
    if path == "/reports" or path.startswith("/reports/"):
        return "/finance"
    sections = [
        address for address, _ in (*NAVIGATION, _ADMINISTRATION) if address != "/" and (path == address or path.startswith(address + "/"))
    ]
    return sections[0] if sections else "/" if path == "/" else ""


def _asset(name: str) -> Response:
    """A bundled file. Its name holds its hash, so a browser may keep it for ever; the compressed copy is sent where one is understood."""
    compressed = f"{name}.gz"
    if request.accept_encodings.quality("gzip") and not Path(name).is_absolute() and (DIST / compressed).is_file():
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        answer = send_from_directory(DIST, compressed, mimetype=kind, max_age=_A_YEAR)
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer = send_from_directory(DIST, name, max_age=_A_YEAR)
    answer.headers["Vary"] = "Accept-Encoding"
    answer.cache_control.public, answer.cache_control.immutable = True, True
    return answer


def _favicon() -> Response:
    return send_from_directory(Path(__file__).parent / "static", "favicon.svg", mimetype="image/svg+xml", max_age=86400)
