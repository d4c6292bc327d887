"""The table of steps beside the diagram: what has passed there, and how often."""

from engine.runtime.read.steps import list_marks
from tests import tiny_models as m

TWICE = (
    '<bpmn:userTask id="approve" name="approve"><bpmn:multiInstanceLoopCharacteristics isSequential="true">'
    "<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
)
AGAIN = (
    '<bpmn:userTask id="call" name="call"><bpmn:standardLoopCharacteristics loopMaximum="3">'
    "<bpmn:loopCondition>true</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:userTask>"
)


def marks(world, instance) -> dict[str, tuple[str, int]]:
    with world.database.transaction() as tx:
        return {element: (state, count) for element, (state, count, _) in list_marks(tx, instance).items()}


def test_each_approval_counts_once(world):
    world.deploy(m.bundle("quote", m.start() + TWICE + AGAIN + m.end(), "start -> approve -> call -> done"))
    instance = world.start("quote")
    world.complete(world.tasks()[0].id, {})
    assert marks(world, instance)["approve"] == ("active", 1)
    world.complete(world.tasks()[0].id, {})
    assert marks(world, instance)["approve"] == ("completed", 2)
    for _ in range(3):
        world.complete(world.tasks()[0].id, {})
    assert marks(world, instance) == {
        "start": ("completed", 1),
        "approve": ("completed", 2),
        "call": ("completed", 3),
        "done": ("completed", 1),
    }


def test_a_list_without_items_is_passed_once(world):
    none = TWICE.replace(">2<", ">0<")
    world.deploy(m.bundle("quote", m.start() + none + m.end(), "start -> approve -> done"))
    assert marks(world, world.start("quote"))["approve"] == ("completed", 1)


def test_a_step_that_changes_nothing_keeps_neither_a_change_nor_a_detail(world):
    world.deploy(m.bundle("quote", m.start() + TWICE + m.end(), "start -> approve -> done"))
    instance = world.start("quote")
    world.complete(world.tasks()[0].id, {})
    world.complete(world.tasks()[0].id, {})
    assert world.row(instance).state == "completed"
    assert world.one("SELECT changed, detail FROM history WHERE element_id = 'done'") == (None, None)
