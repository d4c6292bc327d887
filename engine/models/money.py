"""Which service tasks of a bundle move money, as the catalogue declares it."""

from engine.models.bundle import Bundle, FileKind
from engine.models.diagram import build_diagram
from engine.models.reader import read_diagram
from engine.service_tasks import ServiceTasks


def moving_money(bundle: Bundle, service_tasks: ServiceTasks) -> list[str]:
    """The names of the service tasks that its diagrams call and that post to the books or pay; of what cannot be read, none."""
    called = set()
    for path, content in bundle.of_kind(FileKind.DIAGRAM).items():
        root = read_diagram(path, content).root
        for node in build_diagram(path, root).nodes if root is not None else ():
            task = service_tasks.get(node.operator.get("id", "")) if node.operator is not None else None
            if task is not None and task.moves_money:
                called.add(task.name)
    return sorted(called)
