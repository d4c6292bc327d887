"""Decision models written short."""

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def model(body: str, namespace: str = NAMESPACE) -> bytes:
    return f'<definitions xmlns="{namespace}" id="defs" name="Ordercraft">{body}</definitions>'.encode()


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text(tag: str, content: str, **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{given}><text>{escaped(content)}</text></{tag}>"


def literal(content: str, **attributes: str) -> str:
    return text("literalExpression", content, **attributes)


def decision(logic: str, requires: str = "", name: str = "answer", type_ref: str = "") -> str:
    typed = f'<variable name="{name}" typeRef="{type_ref}"/>' if type_ref else f'<variable name="{name}"/>'
    return f'<decision id="d_{name}" name="{name}">{typed}{requires}{logic}</decision>'


def needs(kind: str, element_id: str) -> str:
    wrapper = "knowledgeRequirement" if kind == "Knowledge" else "informationRequirement"
    return f'<{wrapper}><required{kind} href="#{element_id}"/></{wrapper}>'


def input_data(name: str, type_ref: str = "") -> str:
    typed = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<inputData id="i_{name}" name="{name}"><variable name="{name}"{typed}/></inputData>'


def table(
    rows: list[list[str]],
    inputs: tuple[str, ...] = ("amount",),
    outputs: str = '<output id="o1" name="level"/>',
    **attributes: str,
) -> str:
    """A table of rows `[test, …, output, …]`; rule ids are r1, r2 …, cell ids c1.1 …"""
    columns = "".join(f'<input id="in{place}">{text("inputExpression", expression)}</input>' for place, expression in enumerate(inputs, 1))
    rules = "".join(_rule(number, row, len(inputs)) for number, row in enumerate(rows, 1))
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<decisionTable id="t1"{given}>{columns}{outputs}{rules}</decisionTable>'


def _rule(number: int, row: list[str], width: int) -> str:
    cells = "".join(
        text("inputEntry" if place <= width else "outputEntry", cell, id=f"c{number}.{place}") for place, cell in enumerate(row, 1)
    )
    return f'<rule id="r{number}">{cells}</rule>'


def output(name: str, *, values: str = "", default: str = "", **attributes: str) -> str:
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    inner = (text("outputValues", values) if values else "") + (text("defaultOutputEntry", default) if default else "")
    return f'<output id="o_{name}" name="{name}"{given}>{inner}</output>'
