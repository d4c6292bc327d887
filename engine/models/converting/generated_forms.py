"""Fields that Camunda 7 lists in a diagram become a form of their own, drawn with form-js."""

import json
import re
from typing import Any, Final

from lxml import etree

from engine.lexical import read_whole
from engine.models.bundle import FileKind
from engine.models.converting.bench import CAMUNDA, Bench, extensions
from engine.models.converting.juel import feel_of

_SPACE: Final = CAMUNDA[0]
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
#: Kinds of fields, by the type that is listed.
_COMPONENTS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "textfield"},
    "long": {"type": "number"},
    "boolean": {"type": "checkbox"},
    "date": {"type": "datetime", "subtype": "date", "dateLabel": "Date"},
    "enum": {"type": "select"},
}
#: Constraints of theirs, and the rule of ours each is.
_RULES: Final = {"required": "required", "min": "min", "max": "max", "minlength": "minLength", "maxlength": "maxLength"}


def draw_forms(bench: Bench) -> None:
    """A file for each list of fields; one whose fields cannot all be drawn stays as it is."""
    for element in bench.elements("userTask", "startEvent"):
        lists = [each for each in extensions(element) if each.tag in {f"{{{_SPACE}}}formData", f"{{{_SPACE}}}formProperty"}]
        fields = [field for each in lists for field in (each if each.tag.endswith("formData") else [each])]
        drawn = [_component(field) for field in fields] if not any(each.get("businessKey") for each in lists) else []
        name = element.get("id", "")
        if drawn and all(drawn) and bench.set(element, "formKey", name):
            schema = {"type": "default", "id": name, "schemaVersion": 18, "components": drawn}
            bench.files[f"{name}{FileKind.FORM}"] = json.dumps(schema, indent=2, ensure_ascii=False).encode()
            for each in lists:
                for field in list(each) or [each]:
                    bench.remove(field, f"A field of the form {name}{FileKind.FORM}.")
        if not len(extensions(element)):
            element.remove(extensions(element))


def _component(field: etree._Element) -> dict[str, Any] | None:
    """A field as form-js draws it; None where it cannot be."""
    key, kind = field.get("id", ""), field.get("type", "string")
    shape = _COMPONENTS.get(kind)
    rules = _rules(field)
    if shape is None or rules is None or not _NAME.fullmatch(key) or _computed(field) or _inside(field, "properties"):
        return None
    made: dict[str, Any] = {**shape, "id": f"Field_{key}", "key": key, "label": field.get("label") or field.get("name") or key}
    if kind == "enum":
        made["values"] = [
            {"value": each.get("id", ""), "label": each.get("name") or each.get("id", "")} for each in _inside(field, "value")
        ]
    if (default := field.get("defaultValue") or field.get("default")) is not None:
        made["defaultValue"] = {"true": True, "false": False}.get(default, default) if kind == "boolean" else default
    if kind == "long" and "defaultValue" in made:
        made["defaultValue"] = read_whole(made["defaultValue"])
    return {**made, "validate": rules} if rules else made


def _computed(field: etree._Element) -> bool:
    """Whether something of it is computed, or stored elsewhere, in a way that a form does not."""
    texts = [field.get(name, "") for name in ("defaultValue", "default", "label", "expression", "variable", "datePattern")]
    return any("{" in text for text in texts) or bool(field.get("expression") or field.get("variable")) or feel_of(texts[0]) is None


def _rules(field: etree._Element) -> dict[str, Any] | None:
    rules: dict[str, Any] = {}
    constraints = [(each.get("name", ""), each.get("config", "")) for group in _inside(field, "validation") for each in group]
    if field.get("required") == "true":
        constraints.append(("required", ""))
    for name, config in constraints:
        bound = True if name == "required" else read_whole(config)
        if name not in _RULES or bound is None:
            return None
        rules[_RULES[name]] = bound
    return rules


def _inside(field: etree._Element, name: str) -> list[etree._Element]:
    return [each for each in field if each.tag == f"{{{_SPACE}}}{name}"]
