"""Every public verb has a door: a page, an endpoint, a command, a diagram or the clock reaches it. A verb that only tests call is none."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from handlers import registry
from tests.architecture.sources import HOUSE, trees

#: Rooms whose every definition is a door, or what belongs to one. What only fills a demo or a benchmark opens nothing to anybody.
DOORS = re.compile(r"^(api|ui)\.(?!demo\b|benchmarks\b|tables\b)")
#: Found by their file name when the product starts.
DISCOVERED = re.compile(r"^handlers\.\w+\.(invariants\.|guarded\.ACTS$|imports\.)")
VERBS = re.compile(r"^(engine\.runtime|handlers)\.")
#: Verbs without a door, and why they may be.
EXCUSED = {
    "handlers.ledger.posting.balances": "what tests compare the books with; reports read them as of a day",
    "handlers.ledger.posting.lines_of": "one journal's lines, for tests that look into the books; pages and API read journals by the page",
}

#: Undo a shipment that has not left; no diagram does so yet.
UNDRAWN = {"fulfillment.cancel_shipment", "fulfillment.release_reservation"} | {
    "billing.render_invoice",  # in versions of cancel-fulfillment that were deployed before this release and whose instances still run
}


@cache
def modules() -> dict[str, ast.Module]:
    return {path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): tree for path, tree in trees().items()}


def imports(tree: ast.Module) -> dict[str, str]:
    table = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            table |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return table


def names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AnnAssign) else []
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)] or ["<module>"]


def used(node: ast.AST, module: str, table: dict[str, str], own: set[str]) -> Iterator[str]:
    """Every definition a piece of code names, as `module.name`."""
    for each in ast.walk(node):
        dotted, root = [], each
        while isinstance(root, ast.Attribute):
            dotted.append(root.attr)
            root = root.value
        if isinstance(root, ast.Name):
            base = table.get(root.id) or (f"{module}.{root.id}" if root.id in own else "")
            if base:
                yield base
                yield from (f"{base}.{'.'.join(dotted[::-1][:length])}" for length in range(1, len(dotted) + 1))


def graph(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = defaultdict(set)
    for module, tree in trees.items():
        table = imports(tree)
        own = {name for statement in tree.body for name in names_of(statement)}
        for alias, target in table.items():  # what a module hands on
            edges[f"{module}.{alias}"].add(target)
        for statement in tree.body:
            for name in names_of(statement):
                edges[f"{module}.{name}"] |= {f"{module}.<module>", *used(statement, module, table, own)}
    return edges


@cache
def whole() -> dict[str, set[str]]:
    return graph(modules())


def reached(edges: dict[str, set[str]], roots: set[str]) -> set[str]:
    seen, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += edges.get(name, ())
    return seen


def service_tasks(trees: dict[str, ast.Module]) -> dict[str, str]:
    """Registered name to the function that does it."""
    found = {}
    for module, tree in trees.items():
        for function in tree.body if module.startswith("handlers.") else ():
            for decorator in getattr(function, "decorator_list", ()):
                if isinstance(decorator, ast.Call) and decorator.args and isinstance(decorator.args[0], ast.Constant):
                    found[str(decorator.args[0].value)] = f"{module}.{function.name}"
    return found


def test_every_service_task_is_named_by_a_diagram():
    drawn = set(re.findall(r'serviceTaskOperator id="([^"]+)"', "".join(path.read_text() for path in HOUSE.glob("bpmn/*/*.bpmn"))))
    registered = service_tasks(modules())
    assert len(registered) > 20
    assert sorted(set(registered) - drawn - UNDRAWN) == [], "draw them, or delete them"
    assert sorted(UNDRAWN & drawn) == [], "they are drawn now: take them off the list"


def test_every_public_verb_is_reached_by_a_page_an_endpoint_a_command_a_diagram_or_the_clock():
    trees = modules()
    edges = whole()
    roots = {name for name in edges if DOORS.match(name) or DISCOVERED.match(name)} | set(service_tasks(trees).values())
    seen = reached(edges, roots)
    verbs = {
        f"{module}.{function.name}"
        for module, tree in trees.items()
        if VERBS.match(f"{module}.")
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        if any(argument.arg in {"tx", "_tx"} for argument in function.args.args)
    }
    assert len(verbs) > 200
    assert sorted(verbs - seen - set(EXCUSED)) == [], "give each a door, or delete it"
    assert sorted(set(EXCUSED) & seen) == [], "they have a door now: excuse them no longer"


def test_every_service_task_that_posts_to_the_books_declares_that_it_moves_money():
    trees = modules()
    edges, registered = whole(), {task.name: task for task in registry.service_tasks()}
    books = {f"handlers.ledger.posting.{verb}" for verb in ("post", "post_many", "reverse", "reverse_many")}
    posts = {name for name, function in service_tasks(trees).items() if books & reached(edges, {function})}
    assert posts - {name for name, task in registered.items() if task.moves_money} == set(), "say moves_money=True where it is registered"
