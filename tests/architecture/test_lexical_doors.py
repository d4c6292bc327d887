"""Text from outside becomes a number, a day or a truth by `engine.lexical`, `engine.iso8601` and `engine.strict_schema` alone.

`Decimal(x)`, `int(x)`, `float(x)`, `date.fromisoformat(x)` and the like read more than anybody means: `1_0`, digits of any script, a number
that takes the process with it. They stand where a value is ours already, and this list says why.
"""

import ast

import pytest

from tests.architecture.sources import calls, sources

_BUILT_IN = {"Decimal", "int", "float"}
_METHODS = {"fromisoformat", "strptime", "fromtimestamp"}
#: What answers a value of ours: the database, a number of the company's policy, an amount of time.
_OURS = {"threshold", "chosen", "scalar", "scalar_one", "one", "total_seconds", "timestamp", "next_number", "len", "round", "abs"}
_OUR_NAMES = {"policy", "row", "days", "tx"}

#: Rooms that compute with values that were read, or whose texts stand in the code.
ROOMS = {
    "engine/feel/": "values of FEEL: its lexer and parser have read them, in ASCII and with bounds of their own",
    "engine/dmn/": "values of FEEL",
    "engine/spiff/": "the state of an instance, as the codec wrote it; values of FEEL",
    "engine/mining/": "figures of the history",
    "api/demo/": "the demo's own texts, and what the product answered it",
    "api/benchmarks/": "the benchmarks' own texts",
}

#: How often each file may do so, and why.
OURS = {
    "engine/iso8601.py": (12, "the reader itself: groups of ASCII patterns"),
    "engine/lexical.py": (4, "the reader itself"),
    "engine/cron.py": (2, "digits of an ASCII pattern, at most four"),
    "engine/patterns.py": (1, "digits of an ASCII pattern, at most nine"),
    "engine/working_time.py": (1, "digits of an ASCII pattern, at most two"),
    "engine/store/json_text.py": (1, "a number that the JSON reader has recognised, its exponent bounded"),
    "engine/forms/values.py": (2, "a Decimal's exponent, and a number in the code"),
    "engine/jobs/benchmark.py": (1, "a count of our own"),
    "engine/models/linter/loops.py": (1, "ASCII digits, at most nine"),
    "engine/models/reading/drawing.py": (1, "where something is drawn: a place on a picture"),
    "engine/models/reading/scenarios.py": (1, "digits of an ASCII pattern in the house's scenarios"),
    "engine/runtime/advance/apply.py": (1, "a fact of the inbox, as we wrote it"),
    "engine/runtime/advance/offers.py": (1, "a property of a deployed model, which the linter has read"),
    "engine/runtime/read/bundles.py": (1, "a version in an address that a route has let through as digits"),
    "engine/runtime/read/deployments.py": (1, "a version in an address that a route has let through as digits"),
    "engine/runtime/state/bounds.py": (3, "digits of an ASCII pattern in a setting"),
    "engine/runtime/state/calendars.py": (1, "the days of a calendar, as we wrote them"),
    "engine/store/locks.py": (2, "a number of a lock"),
    "handlers/values.py": (1, "an int or a Decimal"),
    "handlers/billing/adjustments.py": (1, "an amount that we wrote as JSON"),
    "handlers/billing/consolidation_tasks.py": (1, "what a decision table answered"),
    "handlers/billing/payment_terms.py": (2, "a day and an amount that we wrote as JSON"),
    "handlers/billing/rules.py": (1, "what a decision table answered"),
    "handlers/billing/posting.py": (1, "an amount that we wrote as JSON"),
    "handlers/calling.py": (1, "an address that the library has read"),
    "handlers/closing/rules.py": (2, "groups of an ASCII pattern"),
    "handlers/documents/payment.py": (1, "a truth of a picture"),
    "handlers/documents/pdf.py": (1, "a code point in a message of typst"),
    "handlers/edi/inbox.py": (1, "a number of our own series"),
    "handlers/edi/specs.py": (2, "lengths in our own tables"),
    "handlers/fulfillment/code128.py": (2, "digits of our own numbers"),
    "handlers/fulfillment/packing.py": (1, "a number of our own series"),
    "handlers/fulfillment/rules.py": (2, "digits of our own numbers"),
    "handlers/imports/cells.py": (1, "a Decimal of the strict reader"),
    "handlers/imports/sheets.py": (3, "groups of bytes patterns, and a float that the workbook's reader made"),
    "handlers/imports/verbs.py": (1, "a key that the database gave"),
    "handlers/ledger/imports.py": (1, "a number in the code"),
    "handlers/orders/edi_change_intake.py": (1, "a place of our own refusal"),
    "handlers/orders/change_orders.py": (1, "what a decision table answered"),
    "handlers/orders/change_rules.py": (2, "what a checked form left in the variables"),
    "handlers/orders/validation.py": (1, "line numbers of our own refusal"),
    "handlers/parties/guarded.py": (2, "numbers that we stored as text for the second person, read strictly before"),
    "handlers/parties/policy.py": (1, "defaults in the code"),
    "handlers/promising/production.py": (2, "what our own query wrote as JSON"),
    "handlers/promising/ranking.py": (1, "what a decision table answered"),
    "handlers/promising/redistributing.py": (1, "what a decision table answered"),
    "handlers/promising/redistribution.py": (3, "what our own query wrote as JSON"),
    "handlers/screening/rules.py": (2, "scores of rapidfuzz"),
    "handlers/quoting/approvers.py": (1, "what a checked form left in the variables"),
    "handlers/receivables/bai2.py": (2, "what we marked ourselves, and whole cents"),
    "handlers/receivables/bank_ledger.py": (1, "a difference of two amounts of ours"),
    "handlers/receivables/collections.py": (1, "an amount of ours"),
    "handlers/receivables/manual_application.py": (2, "amounts of a row"),
    "handlers/receivables/matching.py": (1, "a likeness that rapidfuzz worked out"),
    "handlers/receivables/rules.py": (1, "digits of an ASCII pattern, at most nine"),
    "handlers/receivables/tasks.py": (2, "what a decision table answered"),
    "handlers/reporting/audit_file.py": (1, "sums of our own file"),
    "handlers/returns/goods.py": (1, "a number in the code"),
    "api/canonical.py": (1, "a Decimal, bounded"),
    "api/camunda7/definitions.py": (1, "digits of an ASCII pattern"),
    "api/camunda7/variables.py": (3, "texts of an ASCII pattern, and a Decimal that a double holds"),
    "api/intake/level_responses.py": (1, "a place of our own refusal"),
    "ui/charts.py": (2, "figures of ours"),
    "ui/company_time.py": (1, "what a step told"),
    "ui/facts.py": (2, "what is stored, shown"),
    "ui/figures.py": (1, "what is stored, shown"),
    "ui/formats.py": (4, "what is stored, shown"),
    "ui/heat.py": (2, "figures of ours"),
    "ui/markdown.py": (1, "a tag of the Markdown reader"),
    "ui/order_events.py": (6, "what is stored, shown"),
    "ui/task_why.py": (1, "what is stored, shown"),
    "ui/views/adjustments.py": (2, "places of our own refusal"),
    "ui/views/journals.py": (1, "places of our own refusal"),
    "ui/views/order_changes.py": (3, "places of our own refusal"),
    "ui/views/quotes.py": (2, "places of our own refusal"),
    "ui/views/returns.py": (2, "places of our own refusal"),
    "ui/views/worklist.py": (1, "one of the priorities that the page offers"),
}


def _is_ours(given: ast.expr) -> bool:
    for part in ast.walk(given):
        if isinstance(part, ast.Call):
            called = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if called in _OURS:
                return True
        if isinstance(part, ast.Name) and part.id in _OUR_NAMES:
            return True
    return isinstance(given, ast.Constant)


def found_in(made: tuple[ast.Call, ...]) -> int:
    """How many of some calls make a number or a day of something that is not ours on the face of it."""
    found = 0
    for call in made:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if (name in _BUILT_IN or method in _METHODS) and call.args and not _is_ours(call.args[0]):
            found += 1
    return found


def _all() -> dict[str, int]:
    counted = {path: found_in(calls(path)) for path in sources() if not path.startswith(tuple(ROOMS))}
    return {path: number for path, number in counted.items() if number}


def test_text_from_outside_is_read_by_the_strict_reader():
    too_many = {path: number for path, number in _all().items() if number > OURS.get(path, (0, ""))[0]}
    assert too_many == {}, "Read it with engine.lexical or engine.iso8601, or say in OURS why the value is ours already."


def test_no_reason_is_kept_for_what_is_gone():
    found = _all()
    assert {path: number for path, (number, _) in OURS.items() if found.get(path, 0) < number} == {}


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("x = int(text)", 1),
        ("x = Decimal(request.form['qty'])", 1),
        ("x = date.fromisoformat(written)", 1),
        ("x = datetime.strptime(written, '%y')", 1),
        ("x = int(threshold(runtime, tx, 'x'))", 0),
        ("x = int(policy['order.days'])", 0),
        ("x = Decimal('12.50')", 0),
        ("x = read_whole(text)", 0),
    ],
)
def test_readings_are_counted(source, number):
    assert found_in(tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))) == number
