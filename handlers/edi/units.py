"""Units of measure as X12 writes them (element 355), against the codes of UN/ECE that everything else is written in. Pure."""

from typing import Final

from engine.problems import Invalid
from handlers.units import has_code, unit_code

#: X12's own codes where they differ from what `handlers.units` reads.
_X12: Final = {
    "EA": "EA", "CA": "XCS", "CS": "XCS", "CT": "XCT", "BX": "XBX", "PK": "XPK", "PL": "XPX", "BG": "XBG", "RL": "XRO", "BO": "XBO",
    "DZ": "DZN", "PR": "PR", "ST": "SET", "LB": "LBR", "OZ": "ONZ", "KG": "KGM", "GR": "GRM", "TN": "STN", "FT": "FOT", "IN": "INH",
    "MR": "MTR", "CM": "CMT", "LT": "LTR", "ML": "MLT", "GA": "GLL", "HR": "HUR", "DA": "DAY", "UN": "C62", "PC": "H87", "YD": "YRD",
}  # fmt: skip
_PIECES: Final = frozenset({"EA", "C62", "H87", "NAR"})
_OURS: Final = {**{code: written for written, code in _X12.items()}, "C62": "EA", "H87": "EA", "XCS": "CA", "NAR": "EA"}


def code_of_x12(written: str) -> str:
    """The UN/ECE code of a unit as X12 writes it; empty for one that nobody knows."""
    code = _X12.get(written.upper(), written)
    return unit_code(code) if has_code(code) else ""


def x12_of(uom: str) -> str:
    """A unit of ours as X12 writes it. Raises Invalid for one that X12 has no code for."""
    code = unit_code(uom)
    found = _OURS.get(code)
    if found is None:
        raise Invalid(
            f"X12 has no code for the unit {uom}.",
            code="unit_unknown",
            next_step="Send this partner the paper by mail, or sell the item in a unit that X12 knows, such as EA, CA, BX, LB or KG.",
            errors={"uom": ["has no code in X12"]},
        )
    return found


def edifact_of(uom: str) -> str:
    """A unit of ours as EDIFACT's 6411 has it: a piece is PCE there. Raises Invalid for what is no unit."""
    code = unit_code(uom)
    return "PCE" if code in _PIECES else code


def same_unit(one: str, code: str) -> bool:
    """Whether a unit of ours is the one with this UN/ECE code."""
    return has_code(one) and unit_code(one) == code
