"""What deploys and reads no variable, runs: the check and the engine read each text of a model by the same function."""

from collections.abc import Callable
from functools import partial
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from engine.models.bundle import Bundle
from engine.models.check import check
from tests.examples import examples
from tests.unit.models import drawing as d
from tests.unit.spiff.drawing import Play

ATOMS = st.sampled_from(
    [
        *("0", "1", "-2", "2.5", "10001", "1E3", "null", "true", "false", "[]", "[1, 2]", "{}", "today()", "now()"),
        *('"PT1H"', '"P1D"', '"R3/PT1H"', '"2027-02-30"', '"2027-03-01T09:00:00Z"', '"sales"', '""', '["sales", "finance"]'),
        *('{quote: "Q-1"}', '{quote: ""}', "{quote: 4711}", "{quote: [1]}", "{quote: null}", 'date("2027-01-31")', 'date("2027-02-30")'),
        *('duration("PT4H")', 'duration("P1M")', 'date and time("2027-01-31T09:00:00")'),
    ]
)
FORMULAS = st.one_of(
    ATOMS,
    st.tuples(ATOMS, st.sampled_from(["+", "-", "*", "/", "**", "=", "<", "and", "or", "in"]), ATOMS).map(" ".join),
    st.tuples(st.sampled_from(["not", "string", "number", "count", "sum", "date", "duration"]), ATOMS).map(
        lambda each: f"{each[0]}({each[1]})"
    ),
    st.tuples(ATOMS, ATOMS, ATOMS).map(lambda each: f"if {each[0]} then {each[1]} else {each[2]}"),
    st.tuples(st.sampled_from(["a", "total"]), ATOMS).map(lambda each: f"{{{each[0]}: {each[1]}}}"),
)
LITERALS = st.sampled_from(
    [
        *("PT1H", "P1D", "P1M2D", "P8000Y", "P9999999D", "-PT4H", "P0D", "P3DT", "P1X", "R3/PT1H", "R/P1D", "R0/PT1H", "R3/PT0S"),
        *("R/2027-01-31T09:00/P1M", "2027-02-30T09:00:00Z", "2027-03-30T25:00:00Z", "2027-03-30T09:00Z", "2027-03-28T02:30:00"),
        *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "0 6 * * mon-fri", "0 0 30 2 *", "0 6 * * 7", "@daily", "@sometimes"),
        *("50", "-1", "high", "1.5", "99999999999", "sales, finance", " ", ","),
    ]
)
OF_TASKS = ("dueIn", "priority", "candidateGroups", "candidateUsers", "excludedUsers", "title")


def condition(text: str) -> str:
    gate = d.node("exclusiveGateway", "gate", default="gate_to_end")
    flows = d.chain("start", "gate", "end") + d.flow("gate", "work", text) + d.flow("work", "end")
    return d.process(d.START, d.END, gate, d.script("work"), flows)


def repeated(marker: str, part: str, text: str, attributes: str = "") -> str:
    inner = f"<bpmn:{marker}{attributes}><bpmn:{part}>{escape(text)}</bpmn:{part}></bpmn:{marker}>"
    return d.around("work", d.script("work", "{ done: 1 }", inner))


def late(kind: str, text: str) -> str:
    return d.around("late", d.event("intermediateCatchEvent", "late", d.timer(escape(text), kind)))


def listening(text: str) -> str:
    hears = d.event("intermediateCatchEvent", "hear", "message messageRef='accepted'", d.settings(correlation=text))
    return d.MESSAGE + d.around("hear", hears)


def saying(**settings: str) -> str:
    return d.MESSAGE + d.process(
        d.START, d.event("endEvent", "end", "message messageRef='accepted'", d.settings(**settings)), d.chain("start", "end")
    )


SLOTS: list[tuple[Callable[[str], str], st.SearchStrategy[str]]] = [
    (lambda text: condition(escape(text)), FORMULAS),
    (lambda text: d.around("work", d.script("work", escape(text))), FORMULAS),
    (partial(repeated, "multiInstanceLoopCharacteristics", "loopCardinality"), FORMULAS),
    (partial(repeated, "standardLoopCharacteristics", "loopCondition", attributes=' loopMaximum="3"'), FORMULAS),
    (partial(late, "timeDate"), st.one_of(LITERALS, FORMULAS)),
    (partial(late, "timeDuration"), st.one_of(LITERALS, FORMULAS)),
    (lambda text: listening(f"={text}"), FORMULAS),
    (
        lambda text: d.around(
            "low", d.event("intermediateCatchEvent", "low", f"conditional <bpmn:condition>{escape(text)}</bpmn:condition>")
        ),
        FORMULAS,
    ),
    *[(lambda text, name=name: saying(**{name: f"={text}"}), FORMULAS) for name in ("payload", "correlation", "businessKey")],
    *[
        (lambda text, name=name: d.around("ask", d.user("ask", **{name: text})), st.one_of(LITERALS, FORMULAS.map("={}".format)))
        for name in OF_TASKS
    ],
    (lambda text: d.around("ask", d.user("ask", formData=f"={text}")), FORMULAS),
]


@examples(70)
@given(st.sampled_from(SLOTS).flatmap(lambda slot: st.tuples(st.just(slot[0]), slot[1])))
def test_what_deploys_and_reads_no_variable_runs(drawn: tuple[Callable[[str], str], str]):
    draw, text = drawn
    found = check(Bundle("b", {"b.bpmn": d.document(draw(text))}), d.service_tasks())
    for compiled in found.processes:
        play = Play(compiled, {}, restored=False)
        assert play.instance.waits.failed == (), text


def test_a_form_that_cannot_be_read_is_one_finding_and_not_a_form_that_is_missing_too():
    broken = d.bundle(
        d.around("ask", d.user("ask", formKey="approve")), approve__form=b'{"type": "default", "components": [{"type": "iframe"}]}'
    )
    found = check(broken, d.service_tasks(), {"sales"}).findings
    assert [finding.rule for finding in found if finding.severity == "error"] == ["form"]
