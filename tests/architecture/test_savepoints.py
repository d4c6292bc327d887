"""A swallowed exception never commits a half: whoever catches what a verb raised has called it in a savepoint, or the transaction ends."""

import ast

from tests.architecture.sources import trees

#: What only reads, or fails before it writes: each with why.
HARMLESS = {
    "engine/runtime/advance/apply.py": "the engine in memory refuses a fact that comes too late before anything is written",
    "api/intake/ubl_masters.py": "looks for the buyer",
    "handlers/billing/payment_terms.py": "asks a decision table",
    "handlers/billing/validity.py": "looks for an exchange rate",
    "handlers/billing/waiting.py": "asks a decision table",
    "ui/views/billing_runs.py": "works out what a run would bill",
    "handlers/orders/validation.py": "works out prices and writes nothing",
}


def calls_with_transaction(nodes):
    """Calls that hand on the open transaction: they may write."""
    waiting = list(nodes)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Lambda):  # called in a transaction of its own
            continue
        waiting.extend(ast.iter_child_nodes(each))
        handed_on = isinstance(each, ast.Call) and any(isinstance(given, ast.Name) and given.id == "tx" for given in each.args)
        if handed_on and name_of(each) != "savepoint":
            yield each


def name_of(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def in_savepoint_or_own_transaction(body):
    """Whether every statement that calls is inside `with savepoint(tx)` or opens its own transaction."""
    for statement in body:
        managers = [item.context_expr for item in statement.items] if isinstance(statement, ast.With) else []
        protected = any(isinstance(each, ast.Call) and name_of(each) in {"savepoint", "transaction"} for each in managers)
        if not protected and any(True for _ in calls_with_transaction([statement])):
            return False
    return True


def swallows(handler):
    """Whether a handler lets the transaction go on: it does not raise on every path that ends it."""
    return not isinstance(handler.body[-1], ast.Raise)


def offenders(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(map(swallows, node.handlers)) and not in_savepoint_or_own_transaction(node.body):
            yield node.lineno
        suppressing = isinstance(node, ast.With) and any("suppress" in ast.dump(item.context_expr) for item in node.items)
        if suppressing and not in_savepoint_or_own_transaction(node.body):
            yield node.lineno


def test_whoever_catches_what_a_verb_raised_called_it_in_a_savepoint():
    found = {}
    for path, tree in trees().items():
        if path not in HARMLESS and (lines := list(offenders(tree))):
            found[path] = lines
    assert found == {}
