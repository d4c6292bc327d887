"""Passwords: how good one must be, and its hash, made by few at a time so that nobody can take memory and time of everybody.

Hashing costs 19 MiB and 18 ms (OWASP: argon2id, m = 19 MiB, t = 2, p = 1). Nobody hashes while holding a row: take a turn, then write.
"""

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.errors import Busy
from engine.problems import Invalid

LEAST, MOST = 12, 128
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Of zxcvbn: 3 withstands 10^8 guesses.
_LEAST_SCORE = 3
#: zxcvbn looks at no more; what is longer is judged by its beginning.
_LOOKED_AT = 72
_WORDS, _A_WORD = re.compile(r"[\W_]+"), 3
_ADVICE = "Choose a longer one, such as four words that do not belong together."


class Turns:
    """How many hash at once, how many may wait for it and for how long: whoever comes beyond is told to come later, at once."""

    def __init__(self, at_once: int = 2, waiting: int = 4, patience: float = 2.0) -> None:
        self._at_work = BoundedSemaphore(at_once)
        self._inside = BoundedSemaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn. Raises Busy when too many wait, or it takes too long."""
        if not self._inside.acquire(blocking=False):
            raise _busy()
        try:
            if not self._at_work.acquire(timeout=self._patience):
                raise _busy()
            try:
                yield
            finally:
                self._at_work.release()
        finally:
            self._inside.release()


TURNS = Turns()


def _busy() -> Busy:
    return Busy("Too many people sign in at this moment.", after=2, code="sign_in_busy", next_step="Try again in a few seconds.")


def hashed(password: str) -> str:
    """The hash of a password. Raises Busy."""
    with TURNS.turn():
        return _HASHER.hash(_same(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password of the hash; takes as long where there is none. For whoever has a turn already."""
    try:
        _HASHER.verify(stored or _of_nobody(), _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a hash was made at another cost than today's."""
    return _HASHER.check_needs_rehash(stored)


def check_strength(password: str, words: Collection[str], field: str = "password") -> None:
    """Refuse what is guessed soon: common passwords, patterns, and `words` an attacker tries first (name, company). Raises Invalid."""
    if len(password) < LEAST:
        raise _weak(f"The password has {len(password)} characters.", "password_short", field, f"needs at least {LEAST} characters")
    if len(password) > MOST:
        raise _weak(f"The password has {len(password)} characters.", "password_long", field, f"has at most {MOST} characters")
    from zxcvbn import zxcvbn  # its lists of common passwords load on first use

    own = sorted({part for word in (*words, "ordercraft") for part in _WORDS.split(word.casefold()) if len(part) >= _A_WORD}, key=len)
    if len(_without(password.casefold(), own)) < LEAST // 2:
        raise _weak("The password is made of your name or the company's.", "password_weak", field, "is made of your name or the company's")
    with TURNS.turn():
        judged = zxcvbn(_same(password)[:_LOOKED_AT], user_inputs=[word[:_LOOKED_AT] for word in own])
    if judged["score"] < _LEAST_SCORE:
        why = str(judged["feedback"]["warning"]).rstrip(".") or "It is easy to guess"
        raise _weak(f"The password is weak: {why[0].lower()}{why[1:]}.", "password_weak", field, f"is weak: {why[0].lower()}{why[1:]}")


def _without(password: str, own: Sequence[str]) -> str:
    """What is left of a password when the longest words that an attacker tries first are taken out of it."""
    for word in reversed(own):
        password = password.replace(word, "")
    return _WORDS.sub("", password)


def _weak(detail: str, code: str, field: str, error: str) -> Invalid:
    return Invalid(detail, code=code, next_step=_ADVICE, errors={field: [error]})


def _same(password: str) -> str:
    """The same characters, however a keyboard composes them; what no keyboard types is left out of the question."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()


@cache
def _of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
