"""Rules of what a diagram names outside of itself: forms, decisions, groups, called processes, and settings."""

import re
from collections.abc import Callable, Collection, Iterator

from engine.feel import FeelSyntaxError, compile_expression
from engine.models.bundle import FileKind, stem_of
from engine.models.diagram import Diagram, Node, Scope, properties_of
from engine.models.fixes import Change, Fix, meant
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.linter.service_calls import near
from engine.models.settings import PROCESS, Setting, Written, setting_names, settings_of
from engine.models.times import is_duration
from engine.models.trees import tag_of, text_of
from engine.models.vocabulary import BPMN
from engine.retry_policy import is_policy
from engine.spiff.calls import NONE, STANDARD
from engine.spiff.nodes.tasks import slug

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"-?\d{1,6}", re.ASCII)


@rule("unknown-form")
def forms_exist(known: Known) -> Iterator[Broken]:
    """A form is a file of the same deployment."""
    for _, node in known.nodes("userTask", "manualTask", "startEvent"):
        key = node.properties.get("formKey", "")
        unread = any(stem_of(path) == key for path in known.bundle.of_kind(FileKind.FORM))  # what is wrong with it is told of it itself
        if key and key not in known.forms and not unread:
            right = meant(key, known.forms)
            fix = None if right is None else Fix(f"Show the form {right}", Change.SET_SETTING, node.id, "formKey", right)
            yield at(node, f"{node.label} shows the form {key!r}, which is not in the bundle.", near(key, list(known.forms)), fix=fix)


@rule("missing-form", "info")
def user_tasks_have_forms(known: Known) -> Iterator[Broken]:
    """Without a form a person can only confirm."""
    for _, node in known.nodes("userTask"):
        if not node.properties.get("formKey"):
            yield at(node, f"{node.label} has no form: people can only say that it is done.", "Set formKey, if something is to be entered.")


@rule("unknown-decision")
def decisions_exist(known: Known) -> Iterator[Broken]:
    """A business rule task calls a decision of the same deployment."""
    for _, node in known.nodes("businessRuleTask"):
        name = text_of(node.extension("calledDecisionId"))
        if not name:
            yield at(node, f"{node.label} names no decision.", "Choose the decision in the properties panel.")
        elif name not in known.decisions:
            right = meant(name, known.decisions)
            fix = None if right is None else Fix(f"Call the decision {right}", Change.SET_DECISION, node.id, value=right)
            message = f"{node.label} calls the decision {name!r}, which is not in the bundle."
            yield at(node, message, near(name, list(known.decisions)), fix=fix)


@rule("unknown-act-rule")
def act_rules_exist(known: Known) -> Iterator[Broken]:
    """What is asked before an act on a task is a decision of the same deployment."""
    for _, node in known.nodes("userTask", "manualTask"):
        name = node.properties.get("actRule", "")
        if name and name not in known.decisions:
            right = meant(name, known.decisions)
            fix = None if right is None else Fix(f"Ask the decision {right}", Change.SET_SETTING, node.id, "actRule", right)
            message = f"{node.label} asks the decision {name!r} before each act, which is not in the bundle."
            yield at(node, message, near(name, list(known.decisions)), fix=fix)


@rule("unused-form", "info")
def forms_are_used(known: Known) -> Iterator[Broken]:
    """A form nobody shows is a left-over, or a slip in a name."""
    shown = {node.properties.get("formKey", "") for _, node in known.nodes()}
    for path in known.bundle.of_kind(FileKind.FORM) if known.diagrams else ():
        key = stem_of(path)
        if key in known.forms and key not in shown:
            yield Broken(path, key, None, f"No step shows the form {key}.", "Name it in formKey of a user task, or remove it.")


@rule("unknown-group")
def groups_exist(known: Known) -> Iterator[Broken]:
    """A task for a group that does not exist is seen by nobody."""
    for diagram, node in known.nodes("userTask", "manualTask"):
        lane = lane_of(diagram, node)
        given = "candidateGroups" in node.properties
        for group in setting_names(node, "candidateGroups") if given else [slug(lane)] if lane else []:
            if known.groups is not None and group not in known.groups:
                message = f"{node.label} is for the group {group!r}, which does not exist."
                yield at(node, message, near(group, list(known.groups)), fix=_other_group(node, group, known.groups) if given else None)


def _other_group(node: Node, group: str, groups: Collection[str]) -> Fix | None:
    right = meant(group, groups)
    if right is None:
        return None
    names = [right if name == group else name for name in setting_names(node, "candidateGroups")]
    return Fix(f"Offer it to {right}", Change.SET_SETTING, node.id, "candidateGroups", ", ".join(names))


@rule("unknown-calendar")
def calendars_exist(known: Known) -> Iterator[Broken]:
    """A duration in the working time of a calendar that there is none of fails when it begins to count."""
    for _, node in known.nodes():
        code = node.properties.get("calendar")
        if code and known.calendars is not None and code not in {*known.calendars, STANDARD, NONE}:
            right = meant(code, known.calendars)
            fix = Fix(f"Count by {right}", Change.SET_SETTING, node.id, "calendar", right) if right else None
            message = f"{node.label} counts in the working time of the calendar {code[:60]!r}, which does not exist."
            yield at(node, message, near(code, [*known.calendars, STANDARD, NONE]), fix=fix)


@rule("nobody-may-do-it", "warning")
def somebody_may_do_it(known: Known) -> Iterator[Broken]:
    """A user task without group, people and lane is offered to nobody."""
    for diagram, node in known.nodes("userTask"):
        assigned = node.properties.get("candidateGroups") or node.properties.get("candidateUsers")
        if not assigned and lane_of(diagram, node) is None:
            yield at(node, f"{node.label} is offered to nobody.", "Set candidateGroups, or draw it in a lane.")


def lane_of(diagram: Diagram, node: Node) -> str | None:
    """The name of the lane it is drawn in, itself or the subprocess around it; None without a lane."""
    ids = {node.id}
    scope = node.scope
    while scope.parent is not None:
        ids.add(scope.id)
        scope = scope.parent
    for lane in diagram.root.iter(f"{{{BPMN}}}lane"):
        if any(text_of(item) in ids for item in lane if tag_of(item) == "flowNodeRef"):
            return lane.get("name") or lane.get("id")
    return None


@rule("unknown-process")
def called_processes_exist(known: Known) -> Iterator[Broken]:
    """A call activity calls a process of the same deployment, and not, over others, itself without end."""
    processes = [process.id for diagram in known.diagrams for process in diagram.processes]
    for _, node in known.nodes("callActivity"):
        name = (node.element.get("calledElement") or "").rsplit(":", 1)[-1]
        if not name:
            yield at(node, f"{node.label} calls no process.", "Choose the process it calls.")
        elif name not in processes:
            right = meant(name, processes)
            fix = None if right is None else Fix(f"Call {right}", Change.SET_ATTRIBUTE, node.id, "calledElement", right)
            yield at(node, f"{node.label} calls the process {name!r}, which is not in the bundle.", near(name, processes), fix=fix)


@rule("duplicate-id")
def ids_are_unique(known: Known) -> Iterator[Broken]:
    """Steps and processes of one deployment may meet in one instance, so their ids differ over all files."""
    seen: dict[str, str] = {}
    for scope in known.scopes():
        things: list[Scope | Node] = [*([scope] if scope.parent is None else []), *scope.nodes.values()]
        for thing in things:
            if seen.setdefault(thing.id, thing.path) != thing.path:
                yield at(thing, f"The id {thing.id!r} is used in {seen[thing.id]} too.", "Give one of the two another id.")


@rule("unknown-setting", "warning")
def settings_are_known(known: Known) -> Iterator[Broken]:
    """A setting that nothing reads is mostly a slip of the pen."""
    for diagram in known.diagrams:
        for process in diagram.processes:
            for name in sorted(set(properties_of(process.element)) - set(PROCESS)):
                fix = _other_setting(process.id, name, PROCESS)
                yield at(process, f"Nothing reads the setting {name!r} of {process.id}.", near(name, list(PROCESS)), fix=fix)
    for _, node in known.nodes():
        settings = settings_of(node.tag, node.kinds)
        for name in sorted(set(node.properties) - set(settings)):
            fix = _other_setting(node.id, name, settings)
            yield at(node, f"Nothing reads the setting {name!r} of {node.label}.", near(name, list(settings)), fix=fix)


def _other_setting(element_id: str, name: str, settings: Collection[str]) -> Fix | None:
    right = meant(name, settings)
    return None if right is None else Fix(f"Rename {name} to {right}", Change.RENAME_SETTING, element_id, name, right)


@rule("bad-setting")
def settings_are_well_written(known: Known) -> Iterator[Broken]:
    """What is written into a setting can be read."""
    for _, node in known.nodes():
        settings = settings_of(node.tag, node.kinds)
        for name, value in node.properties.items():
            wrong = _wrong(settings[name], value.strip()) if name in settings else None
            if wrong:
                message = f"The setting {name} of {node.label} is {value.strip()[:60]!r}, which is no {wrong[0]}."
                yield at(node, message, wrong[1], fix=_with_sign(node, settings[name], value.strip()))
        result = "" if node.operator is None else node.operator.get("resultVariable", "")
        if result and not _VARIABLE.fullmatch(result):
            yield at(node, f"The result variable of {node.label} is {result[:60]!r}.", "Use a plain name: letters, digits and '_'.")


def _with_sign(node: Node, setting: Setting, value: str) -> Fix | None:
    """FEEL that lacks only its sign."""
    if setting.written is not Written.FEEL or not value:
        return None
    try:
        compile_expression(value)
    except FeelSyntaxError:
        return None
    return Fix(f"Begin {setting.name} with =", Change.SET_SETTING, node.id, setting.name, f"={value}")


def _wrong(setting: Setting, value: str) -> tuple[str, str] | None:
    """What the value should be and is not, and how to write it; None when it is well written."""
    if setting.written is Written.FEEL:
        return None if value.startswith("=") else ("expression", f"Begin it with '=': ={value[:60] or '{ }'}")
    if value.startswith("="):
        plain = setting.written in {Written.NAME, Written.VARIABLE, Written.RETRY, Written.WHOLE}
        return ("plain value", "Write it without FEEL.") if plain else None
    forms: dict[Written, tuple[Callable[[str], object], str, str]] = {
        Written.VARIABLE: (_VARIABLE.fullmatch, "variable name", "Use a plain name: letters, digits and '_'."),
        Written.DURATION: (is_duration, "duration", "Write PT4H for four hours, P10D for ten days."),
        Written.INTEGER: (_INTEGER.fullmatch, "whole number", "Write a whole number such as 50."),
        Written.WHOLE: (_INTEGER.fullmatch, "whole number", "Write a whole number such as 10."),
        Written.RETRY: (is_policy, "retry policy", "Write R5/PT10S for five attempts, ten seconds before the first repetition."),
    }
    holds, what, how = forms.get(setting.written, (bool, "value", "Write something, or remove it."))
    return None if holds(value) else (what, how)
