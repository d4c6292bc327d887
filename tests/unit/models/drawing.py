"""Small diagrams for tests, in one line each."""

from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import quoteattr

from engine.models.bundle import Bundle
from engine.service_tasks import Kind, ServiceTasks

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="file" targetNamespace="http://example.com/t">\n'
)
TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="x">
<decision id="approvers" name="approvers"><variable name="approvers"/>
<literalExpression><text>amount * 2</text></literalExpression></decision></definitions>"""
MESSAGE = '<bpmn:message id="accepted" name="quote.accepted"/>'


def node(tag: str, identity: str, *inner: str, **attributes: str) -> str:
    """An element with a name like its id; `properties` become ours."""
    attributes.setdefault("name", identity.replace("_", " ").capitalize())
    text = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<bpmn:{tag} id={quoteattr(identity)}{text}>{''.join(inner)}</bpmn:{tag}>\n"


def settings(**values: str) -> str:
    """Our properties."""
    found = "".join(f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in values.items())
    return f"<bpmn:extensionElements><spiffworkflow:properties>{found}</spiffworkflow:properties></bpmn:extensionElements>"


def flow(source: str, target: str, condition: str | None = None, **attributes: str) -> str:
    """A flow named `source_to_target`."""
    inner = "" if condition is None else f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>"
    attributes.setdefault("name", f"to {target}")
    return node("sequenceFlow", f"{source}_to_{target}", inner, sourceRef=source, targetRef=target, **attributes)


def service(identity: str, name: str, *, result: str = "", **parameters: str) -> str:
    """A service task that calls `name`."""
    given = "".join(f'<spiffworkflow:parameter id="{key}" type="str" value={quoteattr(value)}/>' for key, value in parameters.items())
    kept = f' resultVariable="{result}"' if result else ""
    operator = f'<spiffworkflow:serviceTaskOperator id="{name}"{kept}><spiffworkflow:parameters>{given}</spiffworkflow:parameters>'
    return node("serviceTask", identity, f"<bpmn:extensionElements>{operator}</spiffworkflow:serviceTaskOperator></bpmn:extensionElements>")


def user(identity: str, **values: str) -> str:
    """A user task for sales that is due in a day."""
    return node("userTask", identity, settings(**{"candidateGroups": "sales", "dueIn": "P1D", **values}))


def decision(identity: str, name: str, **values: str) -> str:
    """A business rule task."""
    inner = settings(**values).removesuffix("</bpmn:extensionElements>")
    called = f"<spiffworkflow:calledDecisionId>{name}</spiffworkflow:calledDecisionId></bpmn:extensionElements>"
    return node("businessRuleTask", identity, inner + called)


def script(identity: str, text: str = "{ total: 1 }", *inner: str, **attributes: str) -> str:
    """A script task."""
    return node("scriptTask", identity, *inner, f"<bpmn:script>{text}</bpmn:script>", **attributes)


def event(tag: str, identity: str, definition: str = "", *inner: str, **attributes: str) -> str:
    """An event; `definition` is the inside of its event definition, beginning with its kind: `timer <bpmn:timeDuration>…`."""
    kind, _, rest = definition.partition(" ")
    attribute = rest if rest.startswith(("messageRef", "errorRef", "signalRef", "escalationRef", "name=")) else ""
    body = "" if attribute else rest
    defined = f"<bpmn:{kind}EventDefinition {attribute}>{body}</bpmn:{kind}EventDefinition>" if kind else ""
    return node(tag, identity, *inner, defined, **attributes)


def timer(text: str, kind: str = "timeDuration") -> str:
    """A timer definition for `event`."""
    return f'timer <bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text}</bpmn:{kind}>'


def chain(*identities: str) -> str:
    """Flows from each to the next."""
    return "".join(flow(source, target) for source, target in pairwise(identities))


START = event("startEvent", "start", "", settings(inputs="quote_no, amount, items"))
END = event("endEvent", "end")


def process(*parts: str, key: str = "quote_to_order", **attributes: str) -> str:
    """A process."""
    attributes.setdefault("isExecutable", "true")
    return node("process", key, *parts, **attributes)


def around(identity: str, *parts: str) -> str:
    """A process of one step, between a start and an end event."""
    return process(START, END, *parts, chain("start", identity, "end"))


def document(*parts: str) -> bytes:
    """A file."""
    return (HEAD + "".join(parts) + "</bpmn:definitions>").encode()


def bundle(*parts: str, **files: bytes) -> Bundle:
    """A bundle with one diagram; other files by name with `__` for the dot."""
    return Bundle(
        "quote-to-order", {"quote.bpmn": document(*parts), **{name.replace("__", "."): content for name, content in files.items()}}
    )


@dataclass(frozen=True)
class Quote:
    """What the service tasks of the tests take."""

    quote_no: str
    comment: str = ""


@dataclass(frozen=True)
class Margin:
    """What a quote earns."""

    net_total: int
    margin_pct: int


def service_tasks() -> ServiceTasks:
    """Four tasks: one may refuse, one acts on the outside, one has a result."""
    tasks = ServiceTasks()

    @tasks.register("quoting.price_quote", errors=("PRICE_MISSING",))
    def price_quote(quote: Quote) -> None:
        """Price a quote."""

    @tasks.register("quoting.send_quote", kind=Kind.EXTERNAL)
    def send_quote(quote: Quote) -> None:
        """Send a quote."""

    @tasks.register("quoting.find_margin")
    def find_margin(quote: Quote) -> Margin:
        """What the quote earns."""
        return Margin(len(quote.quote_no), 0)

    @tasks.register("quoting.record_approval")
    def record_approval(quote: Quote) -> None:
        """Record an approval."""

    return tasks
