"""Every advice can be followed: what a next step or a user task asks of somebody, that role can do through a page or the API."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from api.app import create_app
from api.auth.roles import GROUPS, Role, roles_of

HOUSE = Path(__file__).resolve().parents[3]
#: What the reader does with what they hold: they correct their input, look at a page, or ask somebody.
OWN_INPUT = re.compile(
    r"^(Check|Correct|Use|Give|Send|Write|Choose|Name|Enter|Say|Look|Compare|Repeat|Number|Split|Open|Reload|Ask|Load|Search|See|Quote in"
    r"|Order in|Offer|List them|If it is the same paper|Post|Nothing|Wait|Try again|Sign in|Go back to|Change one|Keep"
    r"|Name each|Add at least|Round|Read"
    r"|It is tried again|The process went|Only|Leave|Let another|Let somebody|Use another|Give each|Take the|Settle|Agree|Confirm"
    r"|Save a draft"
    r"|Convert|Correlate|Decide one|Sort|Set it|Do not|Repeat the)\b"
)
#: Advice to whoever installs or develops the product: a setting, a package, a table of a model.
INSTALLER = re.compile(
    r"ordercraft |ORDERCRAFT_|Reinstall|Install|make run|workers' logs|log line|release it was|newer release|Bind an adapter|--port"
    r"|decision|rule for|^Known settings|^Move the clock|^Encode each"
)
#: Where it is the analyst who is spoken to, about the model at hand: corrected, it is deployed again (see ACTS).
OF_THE_MODEL = ("engine/dmn/", "engine/feel/", "engine/forms/", "engine/models/", "engine/spiff/", "engine/hardened_xml.py")
#: A phrase, the groups that are spoken to, and the doors through which they do it. The first that fits counts.
ACTS: list[tuple[str, set[str], list[str]]] = [
    (r"[Ff]ile the rate of (category|\{\} for)|rate of category", {"finance", "treasury"}, ["POST /api/v1/tax-rates"]),
    (r"File the rate|exchange rate", {"finance", "treasury"}, ["POST /api/v1/exchange-rates", "POST /master-data/rates"]),
    (r"^Close a stretch", {"finance", "treasury"}, ["POST /api/v1/periods"]),
    (r"^Let it be decided first", {"accounts-receivable"}, ["POST /api/v1/customers/bank-accounts/changes/<int:change_id>/decision"]),
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
#: What a user task asks for beside its form, and through which doors its group does it. A task that is not here is done by its form.
TASKS: dict[str, list[str]] = {
    "set_missing_price": ["POST /api/v1/prices", "POST /master-data/prices"],
    "correct_address": ["PATCH /api/v1/orders/<number>/ship-to", "POST /orders/<order_no>/ship-to"],
    "review_unapplied": ["POST /api/v1/receipts/<number>/applications", "POST /finance/receipts/<receipt_no>/apply"],
}


def texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))


def advice() -> Iterator[tuple[str, str]]:
    """Every next step that is written in the product, with its file."""
    for room in ("handlers", "api", "engine"):
        for path in sorted((HOUSE / room).rglob("*.py")):
            if str(path.relative_to(HOUSE)).startswith(OF_THE_MODEL):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                for keyword in node.keywords if isinstance(node, ast.Call) else ():
                    if keyword.arg == "next_step":
                        yield from ((str(path.relative_to(HOUSE)), text) for text in texts(keyword.value) if text)


@pytest.fixture
def doors(installation):
    """Method and address to the role they ask for."""
    app = create_app(installation)
    found = {}
    for rule in app.url_map.iter_rules():
        role = str(getattr(app.view_functions[rule.endpoint], "role", Role.READ))
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


def test_every_user_task_asks_a_group_that_exists_for_what_it_can_do(doors):
    for path in sorted((HOUSE / "bpmn").rglob("*.bpmn")):
        for task in etree.parse(path).iter("{*}userTask"):
            settings = {each.get("name"): each.get("value") for each in task.iter("{*}property")}
            who = settings.get("candidateGroups", "")
            assert who or settings.get("candidateUsers"), f"{path.name}: {task.get('id')} is for nobody"
            groups = set() if who.startswith("=") else {group.strip() for group in who.split(",")}
            assert groups <= GROUPS, f"{path.name}: {task.get('id')} is for {groups - GROUPS}"
            assert settings.get("formKey"), f"{path.name}: {task.get('id')} has no form"
            assert closed(doors, groups, ["GET /worklist/<uuid:task_id>", *TASKS.get(task.get("id"), [])]) == []
