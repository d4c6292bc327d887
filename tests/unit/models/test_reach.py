"""What may be there at each step: what some way through the diagram has written before it."""

from dataclasses import dataclass

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.reach import Reach, reach_of
from engine.service_tasks import ServiceTasks
from tests import tiny_models as m


@dataclass(frozen=True)
class Quote:
    quote_no: str


@dataclass(frozen=True)
class Pricing:
    net_total: int
    currency: str


def tasks() -> ServiceTasks:
    found = ServiceTasks()

    @found.register("quoting.price")
    def price(quote: Quote) -> Pricing:
        """Price a quote."""
        return Pricing(1, "EUR")

    return found


def reach(bundle: Bundle) -> Reach:
    known = check(bundle, tasks()).known
    assert known is not None
    [found] = reach_of(known)
    return found


def test_a_result_is_there_behind_its_step_and_not_before_it():
    elements = m.start() + m.service("price", "quoting.price", result="pricing", quote_no="quote_no") + m.end()
    found = reach(m.bundle("p", elements, "start -> price -> done"))
    assert (found.at["start"], found.at["price"], found.at["done"]) == ((), (), ("pricing",))
    assert (found.at["flow_start_price"], found.at["flow_price_done"]) == ((), ("pricing",))
    pricing = next(each for each in found.variables if each.name == "pricing")
    assert (pricing.type, pricing.entries, pricing.written_by) == ("context", ("currency", "net_total"), ("price",))
    quote_no = next(each for each in found.variables if each.name == "quote_no")
    assert (quote_no.written_by, quote_no.read_by) == ((), ("price",))


def test_a_loop_brings_what_a_later_step_wrote_back_to_an_earlier_one():
    elements = m.start() + m.gateway("again") + m.script("count", "{ turn: 1 }") + m.gateway("enough") + m.end()
    found = reach(m.bundle("p", elements, "start -> again -> count -> enough\nenough -> done [turn = 1]\nenough -> again [default]"))
    assert found.at["again"] == found.at["count"] == ("turn",)


def test_inputs_of_the_start_are_there_from_then_on_and_those_of_the_process_everywhere():
    elements = m.start().replace("></bpmn:startEvent>", f">{_extension(m.properties(inputs='quote_no'))}</bpmn:startEvent>") + m.end()
    bundle = m.bundle("p", elements, "start -> done")
    inside = _extension(m.properties(inputs="tenant"))
    files = {
        path: content.replace(b'isExecutable="true">', f'isExecutable="true">{inside}'.encode()) for path, content in bundle.files.items()
    }
    found = reach(Bundle("p", files))
    assert (found.at["start"], found.at["done"]) == (("tenant",), ("quote_no", "tenant"))


def test_what_belongs_to_a_turn_is_seen_inside_of_it_alone_and_the_list_of_results_behind_it():
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopDataInputRef>lines</bpmn:loopDataInputRef>'
        '<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef><bpmn:inputDataItem id="line" name="line"/>'
        '<bpmn:outputDataItem id="answer" name="answer"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    step = m.user("ask", resultVariable="answer").replace("</bpmn:userTask>", f"{loop}</bpmn:userTask>")
    elements = m.start() + step + m.end() + '<bpmn:property id="lines" name="lines"/><bpmn:property id="answers" name="answers"/>'
    found = reach(m.bundle("p", elements, "start -> ask -> done"))
    assert {"line", "answer", "loopCounter"} <= set(found.at["ask"])
    assert "answers" in found.at["done"]
    assert "line" not in found.at["done"]


def test_a_subprocess_sees_what_was_written_before_it_and_gives_what_is_written_in_it():
    flows = "".join(f'<bpmn:sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in (("in", "set"), ("set", "out")))
    steps = m.start("in") + m.script("set", "{ inside: outside }") + m.end("out")
    inner = f'<bpmn:subProcess id="sub" name="sub">{steps}{flows}</bpmn:subProcess>'
    elements = m.start() + m.script("first", "{ outside: 1 }") + inner + m.end()
    found = reach(m.bundle("p", elements, "start -> first -> sub -> done"))
    assert found.at["set"] == ("outside",)
    assert found.at["done"] == ("inside", "outside")


def test_a_diagram_that_is_half_drawn_is_told_as_far_as_it_goes():
    elements = m.start() + m.script("first", "{ a: 1 }") + m.script("lonely", "{ b: a }")
    found = reach(m.bundle("p", elements, "start -> first -> nowhere"))
    assert (found.at["first"], found.at["lonely"]) == ((), ())


def _extension(inside: str) -> str:
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"
