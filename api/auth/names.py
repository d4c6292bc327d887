"""User names: one person has one name, however it is typed, and no name looks like another's (UTS #39, one script)."""

import unicodedata

from engine.problems import Invalid

LONGEST = 64
_BESIDE_LETTERS = frozenset("._-@")
#: Who acts without an account: nobody may be called so.
RESERVED = frozenset({"anonymous", "command-line", "engine", "ordercraft", "system"})
#: Japanese mixes these; every other name is of one script.
_TOGETHER = ({"CJK", "HIRAGANA", "KATAKANA"}, {"CJK", "HANGUL"}, {"CJK", "BOPOMOFO"})


def folded(typed: str) -> str:
    """A name as it is looked for: full-width and small letters are the same. Any text can be folded; what is no name finds nobody."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed.strip()).casefold())


def canonical(typed: str) -> str:
    """A name as a new account has it. Raises Invalid when it is none, too long, or of several scripts."""
    name = folded(typed)
    wrong = _wrong(name)
    if wrong:
        raise Invalid(
            f"The user name {wrong}.",
            code="name_invalid",
            next_step="Choose a name of letters of one script, digits and . - _ @, such as anna.berg.",
            errors={"name": [wrong]},
        )
    return name


def _wrong(name: str) -> str:
    if not name:
        return "is missing"
    if len(name) > LONGEST:
        return f"has {len(name)} characters, at most {LONGEST} are possible"
    if not name[0].isalnum():
        return "begins with neither a letter nor a digit"
    if any(not (each.isalnum() or each in _BESIDE_LETTERS or unicodedata.combining(each)) for each in name):
        return "holds more than letters, digits, . - _ and @"
    scripts = {unicodedata.name(each, "?").partition(" ")[0] for each in name if each.isalpha()}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return "mixes letters of several scripts"
    return "is taken by the product itself" if name in RESERVED else ""
