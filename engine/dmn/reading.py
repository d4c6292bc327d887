"""From XML to the requirements graph: names first, so that each text is read with those in its scope, then what each node computes."""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.dmn.boxed import LogicReader
from engine.dmn.errors import DmnError
from engine.dmn.items import ANY, Types
from engine.dmn.requirements import Graph, InputNode, LogicNode, Requirements, ServiceNode, refuse_circles
from engine.dmn.session import Logic
from engine.dmn.source import Element, id_of, kid, kids, local_name, name_of, read_definitions, reference_of
from engine.dmn.tables import CELL_INPUT
from engine.dmn.texts import Workshop

#: What a node may require, by the element that says so.
_WRAPPERS: Final = ("informationRequirement", "knowledgeRequirement")


class GraphReader:
    """Reads the nodes of a model, and those of the models it imports."""

    def __init__(self, definitions: Element, workshop: Workshop, others: Mapping[str, bytes], above: tuple[str, ...] = ()) -> None:
        self.definitions = definitions
        self.workshop = workshop
        self.types = Types(definitions, workshop)
        self.logic = LogicReader(workshop, self.types)
        #: The models that may be imported, by namespace; those that import this one; and the name of each import by namespace.
        self.others = others
        self.namespace = definitions.get("namespace") or ""
        self.above = (*above, self.namespace)
        self.imports: dict[str, str] = {}

    def read(self) -> Graph:
        """The graph; raises DmnError when nodes require one another in a circle or along too long a chain."""
        graph = Graph()
        for element in kids(self.definitions, "import"):
            self._import(element, graph)
        for element in kids(self.definitions, "inputData"):
            node_type = self.types.of(kid(element, "variable"))
            graph.inputs[self._key(element)] = InputNode(self._key(element), name_of(element), node_type)
        names = self._names(graph)
        for element in kids(self.definitions, "businessKnowledgeModel"):
            graph.knowledge[self._key(element)] = self._node(element, names, is_function=True)
        for element in kids(self.definitions, "decision"):
            graph.decisions[self._key(element)] = self._node(element, names, is_function=False)
        for element in kids(self.definitions, "decisionService"):
            graph.services[self._key(element)] = self._service(element)
        if len(self.above) == 1:
            refuse_circles(graph)
        return graph

    def _import(self, element: Element, graph: Graph) -> None:
        """Take in another model, its own imports and all; one that is not there is a finding."""
        namespace, name = element.get("namespace") or "", " ".join((element.get("name") or "").split())
        if "DMN" not in (element.get("importType") or "DMN").upper():
            self.workshop.find(element, f"The import {name} is no decision model; only those are read.")
            return
        if namespace and namespace in self.above:
            raise DmnError(
                f"The import {name} leads back to this model.", element_id=id_of(element), next_step="Move what both need into a third."
            )
        if namespace not in self.others:
            message = f"The import {name} is not among the files: none has the namespace {namespace or '(none)'}."
            self.workshop.find(element, message)
            return
        self.imports[namespace] = name
        definitions = read_definitions(self.others[namespace])
        # What is wrong with it is told where it is read for itself.
        reader = GraphReader(definitions, Workshop(definitions.get("expressionLanguage") or ""), self.others, self.above)
        found = reader.read()
        self.types.imported[name] = reader.types
        graph.inputs |= {key: _imported(node, name) for key, node in found.inputs.items()}
        graph.decisions |= found.decisions
        graph.knowledge |= found.knowledge
        graph.services |= found.services

    def _names(self, graph: Graph) -> dict[str, frozenset[str]]:
        """Under which names each node that may be required is read, by its key."""
        names = {key: node.names for part in (graph.inputs, graph.decisions, graph.knowledge, graph.services) for key, node in part.items()}
        for kind in ("decision", "businessKnowledgeModel", "decisionService"):
            for element in kids(self.definitions, kind):
                names[self._key(element)] = frozenset((name_of(element), *_other_names(element), *_outputs(element)))
        return names

    def _node(self, element: Element, names: Mapping[str, frozenset[str]], *, is_function: bool) -> LogicNode:
        before, columns_before = len(self.workshop.compiled), len(self.logic.tables.columns)
        requires = self._requirements(element)
        in_scope = [name for key in requires for name in (*names.get(key, ()), *filter(None, [requires.imports.get(key)]))]
        with self.workshop.knowing(in_scope):
            logic = self._logic(element, is_function=is_function)
        texts = self.workshop.compiled[before:]
        expressions = [text.expression for text in texts if text.expression is not None]
        columns = tuple(self.logic.tables.columns[columns_before:])
        aliases = {name for column in columns for name in column.aliases}
        return LogicNode(
            element_id=self._key(element),
            name=name_of(element),
            type=ANY if is_function else self.types.of(kid(element, "variable")),
            requires=requires,
            logic=logic,
            reads=frozenset[str]().union(*(each.variables for each in expressions)),
            may_read=frozenset[str]().union(*(each.variables | each.possible_variables for each in expressions)),
            local_names=frozenset((*_local_names(element), *aliases, CELL_INPUT)),
            columns=columns,
            calls=tuple((text.element_id, name, text.text) for text in texts for name in sorted(text.calls)),
            misused=tuple((text.element_id, wrong) for text in texts if text.expression for wrong in text.expression.wrong_calls),
            other_names=() if is_function else _other_names(element),
            outputs=() if is_function else _outputs(element),
        )

    def _logic(self, element: Element, *, is_function: bool) -> Logic:
        body = kid(element, "encapsulatedLogic")
        return self.logic.function(body, name_of(element)) if is_function and body is not None else self.logic.required(element)

    def _service(self, element: Element) -> ServiceNode:
        def keys(name: str) -> tuple[str, ...]:
            return tuple(self._referenced(reference) for reference in kids(element, name))

        service_type = self.types.of(kid(element, "variable"))
        return ServiceNode(
            self._key(element), name_of(element), service_type, keys("inputData"), keys("inputDecision"), keys("outputDecision")
        )

    def _requirements(self, element: Element) -> Requirements:
        wanted = [reference for wrapper in _WRAPPERS for requirement in kids(element, wrapper) for reference in requirement.iterchildren()]
        imports = {
            self._referenced(reference): self.imports[namespace]
            for reference in wanted
            if (namespace := reference_of(reference)[0]) in self.imports
        }

        def keys(kind: str) -> tuple[str, ...]:
            return tuple(self._referenced(reference) for reference in wanted if local_name(reference) == kind)

        return Requirements(keys("requiredInput"), keys("requiredDecision"), keys("requiredKnowledge"), imports)

    def _key(self, element: Element) -> str:
        own = element.get("id") or name_of(element)
        return own if len(self.above) == 1 else f"{self.namespace}#{own}"

    def _referenced(self, reference: Element) -> str:
        """The key of what an `href` points to: of this model, of the one that all began with, or of another."""
        namespace, wanted = reference_of(reference)
        namespace = namespace or self.namespace
        return wanted if namespace == self.above[0] or namespace not in (*self.imports, self.namespace) else f"{namespace}#{wanted}"


def _imported(node: InputNode, name: str) -> InputNode:
    return InputNode(node.element_id, node.name, node.type, node.imported_as or name)


def _other_names(element: Element) -> tuple[str, ...]:
    own = name_of(element)
    title = " ".join((element.get("name") or "").split())
    return tuple(name for name in dict.fromkeys((element.get("id") or "", title)) if name and name != own)


def _outputs(element: Element) -> tuple[str, ...]:
    table = kid(element, "decisionTable")
    if table is None:
        return ()
    names = (" ".join((column.get("name") or "").split()) for column in kids(table, "output"))
    return tuple(name for name in names if name)


def _local_names(element: Element) -> Iterator[str]:
    for inner in element.iter("{*}contextEntry", "{*}formalParameter", "{*}column"):
        yield name_of(inner)
    for inner in element.iter("{*}for", "{*}some", "{*}every", "{*}filter"):
        yield from (" ".join((inner.get("iteratorVariable") or "").split()), "item", "partial")
