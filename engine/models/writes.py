"""Who writes which variable: what the rules on unwritten names and the suggestions of an editor both rest on."""

from collections.abc import Iterator, Mapping

from engine.forms import Form
from engine.models.diagram import Diagram, Node, Scope, properties_of
from engine.models.settings import setting_names
from engine.models.trees import child, tag_of, text_of


def brought_in(process: Scope) -> set[str]:
    """The variables that are there from the beginning: the inputs that a process names, and its data objects."""
    names = {name.strip() for name in properties_of(process.element).get("inputs", "").split(",")}
    names.update(element.get("id", "") for element in process.element.iter() if tag_of(element) in {"dataObject", "dataObjectReference"})
    return names - {""}


def written_by(diagram: Diagram, node: Node, forms: Mapping[str, Form]) -> set[str]:
    """The variables that a step or event writes, beside those of its FEEL."""
    names = {*setting_names(node, "inputs"), *setting_names(node, "outputs")}
    names.add(result_of(node))
    names.add(node.properties.get("resultVariable", ""))
    names.add(text_of(node.extension("calledDecisionId")).replace("-", "_"))
    form = forms.get(node.properties.get("formKey", ""))
    if form is not None and "resultVariable" not in node.properties:
        names.update(form.fields)
    names.update(lists_of(diagram, node))
    return names - {""}


def result_of(node: Node) -> str:
    """The variable that takes the result of a step; empty without one."""
    operator = "" if node.operator is None else node.operator.get("resultVariable", "")
    return operator or node.properties.get("resultVariable", "")


def turn_names(node: Node) -> set[str]:
    """The variables that only the turns of a repeated step see."""
    if node.loop is None:
        return set()
    names = {"loopCounter"}
    if child(node.loop, "inputDataItem") is None:
        names.add("item")
    for item in node.loop:
        if tag_of(item) in {"inputDataItem", "outputDataItem"}:
            names.update((item.get("id", ""), item.get("name", "")))
    return names - {""}


def lists_of(diagram: Diagram, node: Node) -> Iterator[str]:
    """The lists that the turns of a repeated step make."""
    for item in () if node.loop is None else node.loop:
        if tag_of(item) == "loopDataOutputRef":
            referred = diagram.referred(text_of(item), "property")
            yield text_of(item)
            yield "" if referred is None else referred.get("name", "")
