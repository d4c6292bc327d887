"""Units of measure: the one mapping from the units we and our partners write to the codes that every electronic paper carries. Pure.

The codes are those of UN/ECE recommendation 20 and, behind an X, of packages in recommendation 21, as EN 16931 lists them (BR-CL-23).
A unit is a code itself or another name of one; a unit that is neither is refused where it enters, with the item, and never guessed later.
"""

from functools import cache
from pathlib import Path
from typing import Final

from engine.problems import Invalid

_CODES = Path(__file__).parent / "unit_codes.txt"
#: What people write, and EDI before the codes did. They come first: no goods are sold by the pascal, whose code is PAL.
_OTHER_NAMES: Final = {
    "PC": "H87", "PCS": "H87", "PCE": "H87", "UN": "C62", "UNIT": "C62",
    "KG": "KGM", "G": "GRM", "MG": "MGM", "T": "TNE", "LB": "LBR", "LBS": "LBR", "OZ": "ONZ",
    "M": "MTR", "MM": "MMT", "CM": "CMT", "KM": "KMT", "FT": "FOT", "IN": "INH", "M2": "MTK", "M3": "MTQ",
    "L": "LTR", "ML": "MLT", "H": "HUR", "HR": "HUR", "D": "DAY", "DZ": "DZN", "PAA": "PR",
    "BOX": "XBX", "BX": "XBX", "CT": "XCT", "PAL": "XPX", "PK": "XPK", "PAC": "XPK", "ROL": "XRO", "BAG": "XBG",
}  # fmt: skip


def unit_code(uom: str) -> str:
    """The code of a unit, in whatever case it is written. Raises Invalid for a unit that has none."""
    code = _code_of(uom)
    if code is None:
        raise Invalid(
            f"{uom!r} is no unit of measure that papers can carry.",
            code="unit_unknown",
            next_step="Use a code of UN/ECE recommendation 20 or 21, such as EA, H87, KGM, MTR, LTR, HUR or XBX.",
            errors={"uom": ["must be a unit of UN/ECE recommendation 20 or 21"]},
        )
    return code


def has_code(uom: str) -> bool:
    """Whether papers can carry a unit."""
    return _code_of(uom) is not None


def _code_of(uom: str) -> str | None:
    written = uom.strip().upper()
    return _OTHER_NAMES.get(written) or (written if written in unit_codes() else None)


@cache
def unit_codes() -> frozenset[str]:
    """Every code there is."""
    return frozenset(_CODES.read_text(encoding="ascii").split())
