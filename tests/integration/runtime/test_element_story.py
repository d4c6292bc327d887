"""What an operator reads of one element of an instance, of its variables, and of what a verb would do to it before it is done."""

from decimal import Decimal

import pytest

from engine.problems import Conflict
from engine.runtime.operate import correlate, token_moves
from engine.runtime.read.elements import get_element
from engine.runtime.read.flows import list_flows
from engine.runtime.read.previews import preview
from engine.runtime.read.steps import model_file
from engine.runtime.read.variables import list_variables
from engine.runtime.verbs.run_until_idle import run_until_idle
from tests import tiny_models as m

WHY = "As agreed"


def price(key: str = "price", handler: str = "orders.price") -> str:
    return m.service(key, handler, "priced", order_no="order_no")


@pytest.fixture
def broken(world):
    """An instance whose pricing has failed."""
    world.deploy(m.bundle("order", m.start() + price() + m.user("check") + m.end(), "start -> price -> check -> done"))
    world.stage.mode = "broken"
    return world.start("order", {"order_no": "SO-17"})


def task_of(world, instance):
    return next(wait.task_id for wait in world.explain(instance).waits)


def step(world, instance, **variables):
    return token_moves.Step(instance, task_of(world, instance), "olga", WHY, variables)


def test_each_run_of_an_element_tells_its_data_before_and_after(world, broken):
    with world.database.transaction() as tx:
        failed = get_element(tx, broken, "price")
        assert [run.outcome for run in failed.runs] == ["failed"]
        assert [(each.message, each.state) for each in failed.incidents] == [("the price list is empty", "open")]
        assert failed.runs[0].before == {"order_no": "SO-17"}
    world.stage.mode = "fine"
    with world.database.transaction() as tx:
        token_moves.try_again(world.runtime, tx, step(world, broken, order_no="SO-18"))
    with world.database.transaction() as tx:
        story = get_element(tx, broken, "price")
        assert [run.outcome for run in story.runs] == ["completed", "failed"]
        written = {each.name: (each.before, each.after, each.new) for each in story.runs[0].written}
        assert written["priced"] == (None, {"total": Decimal("119.90"), "currency": "EUR"}, True)
        assert written["order_no"] == ("SO-17", "SO-18", False)
        assert [(each.kind, each.target) for each in story.effects] == [("mail", "customer@example.com")]
        assert [(each.action, each.actor) for each in story.acts] == []
        order_no = next(each for each in list_variables(tx, broken, {"order_no": "SO-18"}) if each.name == "order_no")
    assert [(change.value, change.actor, change.element_id) for change in order_no.changes] == [
        ("SO-18", "olga", "price"),
        ("SO-17", None, "start"),
    ]


def test_a_retry_says_which_attempt_of_how_many(world):
    world.deploy(m.bundle("order", m.start() + price("book", "carrier.book") + m.end(), "start -> book -> done"))
    world.stage.mode = "failing"
    instance = world.start("order", {"order_no": "SO-17"})
    run_until_idle(world.runtime)
    (wait,) = world.explain(instance).waits
    assert (wait.kind, wait.data["attempt"], wait.data["attempts"]) == ("retry", 1, 6)
    assert "attempt 2 of 6" in world.explain(instance).sentence


def test_an_operator_gives_the_result_of_a_failed_service_task(world, broken):
    with world.database.transaction() as tx:
        done = token_moves.complete(world.runtime, tx, step(world, broken, total=Decimal("99.00"), currency="EUR"))
    assert done.state == "waiting"
    assert world.row(broken).variables["priced"] == {"total": Decimal("99.00"), "currency": "EUR"}
    assert world.one("SELECT state, resolution FROM incident") == ("resolved", "An operator gave the result of the step.")
    assert world.one("SELECT outcome, actor, detail FROM history WHERE element_id = 'price' AND outcome <> 'failed'") == (
        "completed",
        "olga",
        {"by_hand": True},
    )
    assert len(world.stage.calls) == 1


def test_only_a_service_task_is_completed_with_a_result(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    instance = world.start("order")
    with pytest.raises(Conflict), world.database.transaction() as tx:
        token_moves.complete(world.runtime, tx, step(world, instance))


def test_a_preview_tells_what_would_happen_and_changes_nothing(world, broken):
    before = world.all("SELECT * FROM history"), world.all("SELECT * FROM audit"), world.row(broken).variables
    world.stage.mode = "fine"
    with world.database.transaction() as tx:
        seen = preview(tx, broken, lambda: token_moves.try_again(world.runtime, tx, step(world, broken)))
    assert [(row.name, row.outcome) for row in seen.ran] == [("price", "completed")]
    assert [(row.kind, row.target) for row in seen.sent] == [("mail", "customer@example.com")]
    assert (seen.then.state, seen.problem) == ("waiting", None)
    assert "check" in seen.then.sentence
    assert (world.all("SELECT * FROM history"), world.all("SELECT * FROM audit"), world.row(broken).variables) == before
    assert world.row(broken).state == "incident"
    world.stage.mode = "broken"
    with world.database.transaction() as tx:
        seen = preview(tx, broken, lambda: token_moves.try_again(world.runtime, tx, step(world, broken)))
    assert (seen.then.state, seen.ran[0].outcome) == ("incident", "failed")


def test_what_cannot_be_done_is_said_by_the_preview(world, broken):
    with world.database.transaction() as tx:
        seen = preview(tx, broken, lambda: token_moves.move(world.runtime, tx, step(world, broken), "nowhere"))
    assert seen.problem is not None
    assert seen.then is None


def test_the_flows_that_were_gone_along_are_known(world):
    flows = "start -> large\nlarge -> check [quantity &gt; 10]\nlarge -> done [default]\ncheck -> done"
    world.deploy(m.bundle("order", m.start() + m.gateway("large") + m.user("check") + m.end(), flows.replace("&gt;", ">")))
    instance = world.start("order", {"quantity": 12})
    with world.database.transaction() as tx:
        shown = world.one("SELECT v.deployment_id, v.path FROM process_version AS v")
        model = model_file(tx, shown.deployment_id, shown.path)
        assert list_flows(tx, instance, shown.path, model) == ["flow_large_check", "flow_start_large"]


def test_a_message_is_given_to_one_waiting_place(world):
    hears = m.catch("hears", "paid", "={ order_no: order_no }", "payment")
    world.deploy(m.bundle("order", m.start() + hears + m.end(), "start -> hears -> done", outside=m.message("paid")))
    one, other = world.start("order", {"order_no": "SO-17"}), world.start("order", {"order_no": "SO-17"})
    sent = correlate.Correlation(one, task_of(world, one), "olga", WHY, {"amount": 12})
    with world.database.transaction() as tx:
        assert correlate.correlate(world.runtime, tx, sent).state == "completed"
    assert world.row(one).variables["payment"] == {"amount": 12}
    assert world.row(other).state == "waiting"
    with pytest.raises(Conflict), world.database.transaction() as tx:
        correlate.correlate(world.runtime, tx, sent)
