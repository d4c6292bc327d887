"""Rules of what lies inside of variables: the entries that are read are entries that are written."""

from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass

from engine.feel import FeelSyntaxError
from engine.models.diagram import Node, Scope
from engine.models.entries import entries_built
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.linter.service_calls import near
from engine.models.trees import tag_of, text_of
from engine.models.writes import result_of


@rule("unknown-entry", "warning")
def entries_are_written(known: Known) -> Iterator[Broken]:
    """`pricing.net_totl` is null, and null is silent: entries of results are looked up in what the service task or form gives."""
    for process in [scope for scope in known.scopes() if scope.parent is None]:
        shapes = shapes_of(known, process)
        for formula in known.formulas_of(process) if shapes else ():
            for name, entry in sorted(formula.entries):
                shape = shapes.get(name)
                if shape is not None and entry not in shape:
                    message = f"The {formula.what} reads {name}.{entry}, and {name} has no {entry!r}."
                    yield Broken(formula.path, formula.element_id, formula.line, message, near(entry, sorted(shape)))


@rule("form-without-data", "warning")
def forms_are_given_what_they_show(known: Known) -> Iterator[Broken]:
    """What a form shows or computes with, and formData does not give, stays blank."""
    for _, node in known.nodes("userTask", "manualTask"):
        form = known.forms.get(node.properties.get("formKey", ""))
        given = _given(node)
        for name in sorted(form.reads - given) if form is not None and given is not None else ():
            message = f"The form of {node.label} shows {name!r}, which its formData does not give."
            yield at(node, message, f"Add {name} to formData, or correct the form. {near(name, sorted(given or ()))}")


def _given(node: Node) -> frozenset[str] | None:
    """The names in the setting formData; None where they cannot be told."""
    text = node.properties.get("formData", "")
    try:
        return entries_built(text) if text.strip().startswith("=") else None
    except FeelSyntaxError:  # another rule speaks of it
        return None


def shapes_of(known: Known, process: Scope) -> dict[str, Collection[str]]:
    """The entries of each variable that is written only by steps whose result is known."""
    shapes: dict[str, set[str]] = {}
    unknown: set[str] = {name for formula in known.formulas_of(process) for name in formula.writes}
    for node in known.nodes_of(process):
        shape = _shape(known, node)
        name = result_of(node)
        if shape is None:
            unknown.add(name)
        else:
            shapes.setdefault(name, set()).update(shape)
        for item in () if node.loop is None else node.loop:
            unknown.update({text_of(item), item.get("id", ""), item.get("name", "")} if "Data" in tag_of(item) else ())
    return {name: shape for name, shape in shapes.items() if name and name not in unknown}


def _shape(known: Known, node: Node) -> Collection[str] | None:
    """The entries of what a step gives; None where they are not known."""
    if node.tag == "serviceTask" and node.operator is not None:
        name = node.operator.get("id", "")
        output = known.service_tasks[name].output_type if name in known.service_tasks else None
        return [item.name for item in fields(output)] if is_dataclass(output) else None
    form = known.forms.get(node.properties.get("formKey", ""))
    return form.fields if node.tag == "userTask" and form is not None else None
