"""Code 128 in set C with FNC1 (GS1-128): the widths of bars and gaps for an even number of digits."""

from engine.problems import Invalid

#: Bar and gap widths of the 107 symbols, as ISO/IEC 15417 gives them; 105 starts set C, 102 is FNC1, 106 stops.
_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 "
    "223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 "
    "112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 "
    "311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 "
    "122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
_SYMBOLS = _WIDTHS.split()
_START_C, _FNC1, _STOP = 105, 102, 106


def symbols(digits: str) -> list[int]:
    """The symbol numbers with start, FNC1, check symbol and stop. Raises Invalid for anything but an even number of digits."""
    if not digits or len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise Invalid(f"{digits!r} cannot be a barcode.", code="barcode", next_step="Give an even number of digits.")
    values = [_FNC1, *(int(digits[position : position + 2]) for position in range(0, len(digits), 2))]
    check = (_START_C + sum(weight * value for weight, value in enumerate(values, start=1))) % 103
    return [_START_C, *values, check, _STOP]


def widths(digits: str) -> list[int]:
    """The widths of bars and gaps in turn, beginning with a bar."""
    return [int(width) for symbol in symbols(digits) for width in _SYMBOLS[symbol]]
