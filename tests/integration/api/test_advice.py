"""Every advice can be followed: what a next step or a user task asks of somebody, that role can do through a page or the API."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from api.auth.roles import GROUPS, Role, roles_of
from handlers.constraints import RULES
from handlers.orders.rules import CHECKS

HOUSE = Path(__file__).resolve().parents[3]
#: What the reader does with what they hold: they correct their input, look at a page, or ask somebody.
OWN_INPUT = re.compile(
    r"^(Check|Correct|Use|Give|Send|Write|Choose|Name|Enter|Say|Look|Compare|Repeat|Number|Split|Open|Reload|Ask|Load|Search|See|Quote in"
    r"|Order in|Offer|List them|If it is the same paper|Post|Nothing|Wait|Try again|Sign in|Go back to|Change one|Keep"
    r"|Name each|Add at least|Round|Read|Map each|Start with"
    r"|It is tried again|The process went|Only|Leave|Let another|Let somebody|Use another|Give each|Take the|Settle|Agree|Confirm"
    r"|Save a draft|Play it|Play a shorter one|Take this step out|Press one"
    r"|It has left: ask the carrier|Change a line of the order|Change that one"
    r"|Convert|Correlate|Narrow|Decide one|Sort|Set it|Do not|Repeat the)\b"
)
#: Advice to whoever installs or develops the product: a setting, a package, a table of a model.
INSTALLER = re.compile(
    r"ordercraft |ORDERCRAFT_|Reinstall|Install|make run|workers' logs|log line|release it was|newer release|Bind an adapter|--port"
    r"|python -m ui.build|Restart the worker|decision|rule for|^Known settings|^Move the clock|^Encode each"
)
#: Where it is the analyst who is spoken to, about the model at hand: corrected, it is deployed again (see ACTS).
OF_THE_MODEL = ("engine/dmn/", "engine/feel/", "engine/forms/", "engine/models/", "engine/spiff/", "engine/hardened_xml.py")
#: A phrase, the groups that are spoken to, and the doors through which they do it. The first that fits counts.
ACTS: list[tuple[str, set[str], list[str]]] = [
    (r"[Ff]ile the rate of (category|\{\} for)|rate of category", {"finance", "treasury"}, ["POST /api/v1/tax-rates"]),
    (r"[Ff]etch (the|anew)", {"external-worker"}, ["POST /engine-rest/external-task/fetchAndLock"]),
    (r"external tasks that wait", {"operator"}, ["GET /api/v1/external-tasks"]),
    (r"File the rate|exchange rate", {"finance", "treasury"}, ["POST /api/v1/exchange-rates", "POST /master-data/rates"]),
    (r"a higher limit", {"admin"}, ["PUT /api/v1/decision-limits", "POST /administration/limits"]),
    (r"administrator to add the account", {"admin"}, ["POST /api/v1/bank-accounts"]),
    (r"^Add it first", {"order-desk"}, ["POST /api/v1/customers", "POST /api/v1/items"]),
    (r"^Ship it first|^Inspect what came back|^Receive the goods", {"warehouse"}, ["GET /worklist"]),
    (
        r"^Undo (it|what)|^Take change",
        {"order-desk", "warehouse", "buyer", "accounts-receivable"},
        [
            "POST /master-data/imports/<int:import_id>/<any(apply, undo, discard):verb>",
            "POST /worklist/changes/<int:change_id>/<any(confirm, refuse, withdraw):verb>",
        ],
    ),
    (
        r"^Close it (from the next day|month by month)|Close the month",
        {"finance", "treasury"},
        ["POST /api/v1/period-closes", "POST /finance/periods"],
    ),
    (
        r"under Master data( first|, or name one of)|make it the standard|^Save the one that is to be it",
        {"admin"},
        ["PUT /api/v1/calendars/<code>", "POST /master-data/calendars", "POST /master-data/calendars/<code>"],
    ),
    (r"take (it|them) back as a return", {"order-desk"}, ["POST /api/v1/returns"]),
    (r"^Decide the match", {"compliance"}, ["GET /worklist"]),
    (r"^Decide on its dispute first", {"accounts-receivable"}, ["GET /worklist"]),
    (r"^Decide on the bill first", {"buyer", "accounts-payable"}, ["GET /worklist"]),
    (r"^Record the supplier's credit note", {"buyer"}, ["POST /api/v1/purchase-orders/<number>/credit-notes"]),
    (r"^Cancel the rest", {"order-desk"}, ["POST /orders/<order_no>/cancel", "POST /api/v1/orders"]),
    (r"^Close a stretch", {"finance", "treasury"}, ["POST /api/v1/periods"]),
    (
        r"^Let it be decided first|[Rr]efuse (it|the change)|^Let another one of those|of one of these groups|^Only whoever asked",
        {"accounts-receivable", "credit", "finance", "operator"},
        [
            "POST /api/v1/pending-changes/<int:change_id>/refuse",
            "POST /worklist/changes/<int:change_id>/<any(confirm, refuse, withdraw):verb>",
        ],
    ),
    (r"changes that wait|ask for another change|asked for anew", {"order-desk"}, ["GET /api/v1/pending-changes", "GET /worklist/changes"]),
    (r"^Close the order short|^Order again", {"buyer"}, ["GET /worklist"]),
    (r"price list", {"order-desk", "finance"}, ["POST /api/v1/price-lists", "POST /api/v1/prices", "POST /master-data/prices"]),
    (r"[Ss]et (a|the) price", {"order-desk", "finance"}, ["POST /api/v1/prices", "POST /master-data/prices"]),
    (r"supplier's prices", {"buyer"}, ["POST /api/v1/suppliers/items"]),
    (r"add the item|Add the item", {"order-desk"}, ["POST /api/v1/items", "POST /master-data/items"]),
    (r"add the customer|Add the customer|master data", {"order-desk"}, ["POST /api/v1/customers", "PATCH /api/v1/customers/<number>"]),
    (r"the warehouse", {"warehouse"}, ["POST /api/v1/warehouses"]),
    (r"how many .* holds", {"order-desk"}, ["POST /api/v1/items/units"]),
    (r"company's name|say who we are|our company", {"admin"}, ["PUT /api/v1/company"]),
    (r"[Rr]elease the hold|[Rr]elease it first", {"order-desk"}, ["POST /api/v1/orders/<number>/holds/release"]),
    (
        r"Cancel the order|cancel the (first|order)|[Cc]ancel it (instead|first)|Cancel \{\}",
        {"order-desk"},
        ["POST /orders/<order_no>/cancel"],
    ),
    (r"[Cc]ancel this instance|Cancel it first", {"operator"}, ["POST /api/v1/instances/<uuid:instance_id>/cancel"]),
    (
        r"[Ss]tart (it|the process|one|this one)",
        {"operator"},
        ["POST /api/v1/instances", "POST /api/v1/instances/<uuid:instance_id>/start-anew"],
    ),
    (
        r"Revise the quote|[Mm]ake a new quote|write a new quote|Price it|approve it|approved",
        {"sales"},
        ["POST /api/v1/quotes", "POST /quotes"],
    ),
    (r"[Rr]esume", {"operator"}, ["POST /api/v1/instances/<uuid:instance_id>/resume"]),
    (r"[Rr]etry|[Rr]un the step|go on", {"operator"}, ["POST /api/v1/instances/<uuid:instance_id>/retry"]),
    (r"Complete the step|skip", {"operator"}, ["POST /api/v1/instances/<uuid:instance_id>/skip"]),
    (
        r"move a step|[Mm]ove the timer",
        {"operator"},
        ["POST /api/v1/instances/<uuid:instance_id>/move", "POST /api/v1/timers/<uuid:timer_id>/move"],
    ),
    (r"migrate", {"operator"}, ["POST /api/v1/instances/<uuid:instance_id>/migrate"]),
    (r"^Begin one on the page of the process", {"analyst"}, ["POST /api/v1/drafts", "POST /processes/<bundle>/draft"]),
    (r"^Add it again under its name|^Remove the file instead", {"analyst"}, ["PUT /api/v1/drafts/<bundle>/files/<path:path>"]),
    (r"[Dd]eploy", {"analyst"}, ["POST /api/v1/deployments"]),
    (r"[Rr]everse the receipt|take back", {"accounts-receivable"}, ["POST /api/v1/receipts/<number>/reversal"]),
    (r"[Aa]pply (it|a receipt|at most)|receipt", {"accounts-receivable"}, ["POST /api/v1/receipts/<number>/applications"]),
    (r"bank's file|statement", {"treasury"}, ["POST /api/v1/statements"]),
    (
        r"despatch advice|supplier's (bill|answer)|refuse the bill|Approve the bill",
        {"buyer"},
        ["POST /api/v1/purchase-orders/<number>/despatch-advices"],
    ),
    (r"[Rr]eserve|[Pp]ick and pack|ship less|shipment", {"warehouse"}, ["GET /worklist"]),
    (r"surplus as a receipt|Book goods", {"warehouse"}, ["POST /api/v1/stock/receipts"]),
    (r"Switch it off|change the one|bring it up", {"order-desk"}, ["PATCH /api/v1/customers/<number>", "PATCH /api/v1/items/<number>"]),
]
#: How a form begins to ask for what is not done in the form itself.
ELSEWHERE = re.compile(r"(Add|Apply|Book|Change|Correct|Enter|File|Move|Open|Order|Release|Set)\b")
#: What forms ask for, and the doors through which their group does it.
FORM_ACTS: list[tuple[str, list[str]]] = [
    (r"what is missing to the master data", ["POST /api/v1/customers", "POST /api/v1/items"]),
    (r"to the price list", ["POST /api/v1/prices", "POST /master-data/prices"]),
    (r"on the order's page", ["PATCH /api/v1/orders/<number>/ship-to", "POST /orders/<order_no>/ship-to"]),
    (r"under Finance, Receipts", ["POST /finance/receipts/<receipt_no>/apply", "POST /finance/receipts/<receipt_no>/keep"]),
    (r"what a supplier asks for", ["POST /api/v1/suppliers/items"]),
    (r"[Bb]ook (a receipt|goods|what)", ["POST /api/v1/stock/receipts"]),
    (r"price missing|missing price", ["POST /api/v1/prices"]),
]
#: What a user task asks for beside its form, and through which doors its group does it. A task that is not here is done by its form.
TASKS: dict[str, list[str]] = {
    "set_missing_price": ["POST /api/v1/prices", "POST /master-data/prices"],
    "correct_address": ["PATCH /api/v1/orders/<number>/ship-to", "POST /orders/<order_no>/ship-to"],
    "find_supplier": ["POST /api/v1/suppliers/items"],
    "repair_order": ["POST /master-data/customers/<path:key>", "POST /master-data/items/<path:key>", "POST /master-data/prices"],
    "review_unapplied": ["POST /api/v1/receipts/<number>/applications", "POST /finance/receipts/<receipt_no>/apply"],
}


def texts(node: ast.AST, named: dict[str, ast.expr]) -> Iterator[str]:
    """What an expression can say: literals, also behind a choice, a sum, a lookup in a table of the module, or a constant of it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body, named), *texts(node.orelse, named))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in texts(value, named))
    elif isinstance(node, ast.Name) and node.id in named:
        yield from texts(named[node.id], named)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "strip", "get"}:
        yield from texts(node.func.value, named)
    elif isinstance(node, ast.Dict):
        yield from (text for value in node.values for text in texts(value, named))


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The texts and tables of texts that a module names."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        targets = (
            statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AnnAssign) else []
        )
        found |= {target.id: statement.value for target in targets if isinstance(target, ast.Name) and statement.value}
    return found


#: Who hands on a next step that was written elsewhere, where it is looked at: a problem's, a rule's, an expression's.
HANDED_ON = re.compile(
    r"(^|\.)next_step( if [\w.]+ else None| or '')?$|^(advice|hint|cure)$|\['next_step'\]|'next_step'|error\.next_step or"
    r"|^keepable\(next_step\)$|^' '\.join\(assessment\.refusals\)$"
)


def written() -> Iterator[tuple[str, ast.expr, dict[str, ast.expr]]]:
    """Every next step of the product with its file, and what its module names."""
    for room in ("handlers", "api", "engine", "ui"):
        for path in sorted((HOUSE / room).rglob("*.py")):
            file = str(path.relative_to(HOUSE))
            if file.startswith(OF_THE_MODEL) or "node_modules" in path.parts:
                continue
            tree = ast.parse(path.read_text())
            named = constants(tree)
            for node in ast.walk(tree):
                for keyword in node.keywords if isinstance(node, ast.Call) else ():
                    if keyword.arg == "next_step":
                        yield file, keyword.value, named


def advice() -> Iterator[tuple[str, str]]:
    """Every next step in words, with its file; those of the rules of the tables as well, and the cures of what orders lack."""
    for file, expression, named in written():
        yield from ((file, text) for text in texts(expression, named) if text)
    yield from (("handlers/constraints.py", rule.next_step) for rule in RULES.values())
    yield from changes_instead()


def changes_instead() -> Iterator[tuple[str, str]]:
    """What the table of changes to orders says to do instead: the column that `refuse_impossible` hands on."""
    file = "bpmn/order-to-promise/change-constraints.dmn"
    table = etree.parse(HOUSE / file).find(".//{*}decisionTable")
    place = [output.get("name") for output in table.iter("{*}output")].index("instead")
    for rule in table.iter("{*}rule"):
        said = rule.findall("{*}outputEntry")[place].findtext("{*}text").strip().strip('"')
        if said:
            yield file, said


@pytest.fixture
def doors(application):
    """Method and address to the role they ask for."""
    found = {}
    for rule in application.url_map.iter_rules():
        role = str(getattr(application.view_functions[rule.endpoint], "role", Role.READ))
        found |= {f"{method} {rule.rule}": role for method in rule.methods or ()}
    return found


def closed(doors, groups, wanted):
    """The doors that are not there, or that one of the groups may not open."""
    missing = [f"no {door}" for door in wanted if door not in doors]
    return missing + [f"{group} at {door}" for door in wanted if door in doors for group in groups if doors[door] not in roles_of([group])]


def test_every_act_that_is_advised_has_a_door_for_whom_it_speaks_to(doors):
    assert [each for _, groups, wanted in ACTS for each in closed(doors, groups, wanted)] == []
    assert {group for _, groups, _ in ACTS for group in groups} <= GROUPS


def test_every_next_step_is_an_act_with_a_door_or_about_the_reader_s_own_input():
    unknown = [
        (path, text)
        for path, text in advice()
        if not any(re.search(phrase, text) for phrase, _, _ in ACTS) and not INSTALLER.search(text) and not OWN_INPUT.match(text)
    ]
    assert unknown == [], "add the act with its door to ACTS, or say what the reader corrects"


def test_no_next_step_is_computed_where_this_test_cannot_read_it():
    unread = [
        (file, ast.unparse(expression))
        for file, expression, named in written()
        if not any(texts(expression, named)) and not HANDED_ON.search(ast.unparse(expression)) and ast.unparse(expression) != "''"
    ]
    assert unread == [], "write it as a text or a constant of the module"


def user_tasks() -> Iterator[tuple[Path, etree._Element, dict[str, str], set[str]]]:
    """Every user task with its settings and the groups it is offered to; none where an expression says them."""
    for path in sorted((HOUSE / "bpmn").rglob("*.bpmn")):
        for task in etree.parse(path).iter("{*}userTask"):
            settings = {each.get("name"): each.get("value") for each in task.iter("{*}property")}
            who = settings.get("candidateGroups", "")
            yield path, task, settings, set() if who.startswith("=") else {group.strip() for group in who.split(",") if group.strip()}


def words_of(components: list[dict[str, Any]]) -> Iterator[str]:
    """What a form tells whoever fills it in."""
    for component in components:
        yield from (component[name] for name in ("text", "description") if isinstance(component.get(name), str))
        yield from words_of(component.get("components", []))


def told_by(path: Path, task: etree._Element, settings: dict[str, str]) -> Iterator[str]:
    """Each sentence that a user task tells: its form's and its instructions; what others are to be asked for is theirs to do."""
    form = json.loads((path.parent / f"{settings['formKey']}.form").read_text())
    said = [*words_of(form["components"]), *("".join(each.itertext()) for each in task.iter("{*}instructionsForEndUser"))]
    for sentence in (sentence.strip() for text in said for sentence in re.split(r"(?<=[.;:])\s", text)):
        if sentence and not re.match(r"(Ask|Call|Tell)\b", sentence):
            yield sentence


def test_every_user_task_asks_a_group_that_exists_for_what_it_can_do(doors):
    for path, task, settings, groups in user_tasks():
        assert settings.get("candidateGroups") or settings.get("candidateUsers"), f"{path.name}: {task.get('id')} is for nobody"
        assert groups <= GROUPS, f"{path.name}: {task.get('id')} is for {groups - GROUPS}"
        assert settings.get("formKey"), f"{path.name}: {task.get('id')} has no form"
        assert closed(doors, groups, ["GET /worklist/<uuid:task_id>", *TASKS.get(task.get("id"), [])]) == []


def test_whoever_a_form_tells_to_do_something_elsewhere_may_do_it(doors):
    said = [(path, task, sentence, groups) for path, task, settings, groups in user_tasks() for sentence in told_by(path, task, settings)]
    unknown = [
        (path.name, sentence)
        for path, _, sentence, _ in said
        if ELSEWHERE.match(sentence) and not any(re.search(phrase, sentence) for phrase, _ in FORM_ACTS)
    ]
    assert unknown == [], "name its doors in FORM_ACTS, or say who does it: Ask the ..."
    wrong = [
        (path.name, task.get("id"), sentence, closed(doors, groups, wanted))
        for path, task, sentence, groups in said
        for phrase, wanted in FORM_ACTS
        if re.search(phrase, sentence) and closed(doors, groups, wanted)
    ]
    assert wrong == []


#: What the order desk does about what a check found, where it is not in the form of the task itself.
CURE_DOORS: dict[str, list[str]] = {
    "V02": ["PATCH /api/v1/customers/<number>", "POST /master-data/customers/<path:key>"],
    "V03": ["POST /master-data/customers/<customer_no>/addresses"],
    "V04": ["POST /master-data/items", "POST /master-data/items/<path:key>"],
    "V07": ["POST /api/v1/items/units"],
    "V08": ["POST /master-data/prices", "POST /master-data/customers/<path:key>"],
    "V13": ["POST /master-data/customers/<path:key>"],
}


def test_what_a_check_of_orders_finds_goes_to_a_group_that_can_cure_it(doors):
    table = etree.parse(HOUSE / "bpmn" / "order-to-promise" / "validation-rules.dmn")
    rows = [[cell.strip('"') for cell in rule.xpath("*/*[local-name()='text']/text()")] for rule in table.iter("{*}rule")]
    judged = [(row[0], owner, cure) for row in rows if len(row) > 3 for *_, owner, _, cure in [row] if row[0].startswith("V")]
    assert {code for code, _, _ in judged} == {"V" + re.search(r"_v(\d\d)", check.__name__)[1] for check in CHECKS}
    for code, owner, cure in judged:
        elsewhere = bool(re.search(r"master data|price list", cure))
        assert closed(doors, {owner or "order-desk"} & GROUPS, CURE_DOORS.get(code, []) if elsewhere else []) == [], code
        assert elsewhere or re.search(r"below|^Nothing", cure), f"{code}: {cure}"
