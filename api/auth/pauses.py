"""Guessing costs time: whoever fails to sign in waits longer and longer, by where they come from and whom they try together.

Each attempt is counted before it is looked at, so that many at once are many. A name that does not exist is counted like one that does.
A browser in which somebody has signed in before is counted by itself: guesses made elsewhere never keep the owner out of it.
"""

from collections.abc import Mapping
from math import ceil

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from api.auth.hashes import hash_of, new_secret
from api.auth.model import KnownBrowser, SignInPause
from api.auth.names import folded
from api.errors import TooOften

#: How many may fail before there are pauses: in one browser, of one source for one account, for one account, of one source.
_OF_BROWSER, _OF_BOTH, _OF_ACCOUNT, _OF_SOURCE = 5, 5, 30, 60
_KNOWN_FOR = "180 days"

Keys = Mapping[str, int]


def keys_of(tx: Session, name: str, source: str, browser: str, account_id: int | None) -> Keys:
    """What an attempt is counted under, and how many may fail there. `browser` is the secret of its cookie."""
    if account_id is not None and browser:
        known = select(KnownBrowser.account_id).where(
            KnownBrowser.token_hash == hash_of(browser), KnownBrowser.account_id == account_id, KnownBrowser.expires_at > func.now()
        )
        if tx.scalar(known) is not None:
            return {f"browser {hash_of(browser)}": _OF_BROWSER}
    # What was typed as a name may be a password: it is kept as a hash.
    tried = hash_of(folded(name))
    return {f"both {tried} {source}": _OF_BOTH, f"account {tried}": _OF_ACCOUNT, f"source {source}": _OF_SOURCE}


def count_attempt(tx: Session, keys: Keys) -> Mapping[str, int]:
    """Count an attempt and answer how many have failed under each key, this one taken as failed. Raises TooOften during a pause."""
    names = sorted(keys)
    rows = tx.execute(_COUNT, {"keys": names, "allowed": [keys[name] for name in names]}).all()
    if len(rows) < len(names):
        wait = max(1, ceil(tx.scalar(_PAUSE_LEFT, {"keys": names}) or 0))
        raise TooOften(
            "Signing in failed too often.",
            after=wait,
            code="sign_in_paused",
            next_step=f"Wait {_in_words(wait)} and try again, or ask an administrator for a link.",
        )
    return {row.key: row.failures for row in rows}


def forgive(tx: Session, keys: Keys) -> None:
    """The attempt was right: what failed before under its keys is forgotten, but of a source only this attempt is taken back."""
    tx.execute(_FORGET, {"keys": [key for key in keys if not key.startswith("source ")]})
    tx.execute(_TAKE_BACK, {"keys": [key for key in keys if key.startswith("source ")]})


def begins_a_pause(keys: Keys, failures: Mapping[str, int]) -> bool:
    """Whether the attempt, if it failed, was the first under its keys or began a pause: those are worth a row of the log."""
    return any(failures[key] >= allowed for key, allowed in keys.items()) or all(many == 1 for many in failures.values())


def know_browser(tx: Session, account_id: int, browser: str) -> str:
    """Remember that somebody signed in here; answers the secret for the cookie, the one it has where it is good."""
    if browser and tx.scalar(text(_KNOW_AGAIN), {"hash": hash_of(browser), "account": account_id, "lasts": _KNOWN_FOR}):
        return browser
    made = new_secret()
    tx.execute(text(_KNOW), {"hash": hash_of(made), "account": account_id, "lasts": _KNOWN_FOR})
    return made


def paused(tx: Session, name: str) -> bool:
    """Whether guesses for an account are paused just now, wherever they come from."""
    waiting = select(SignInPause.key).where(SignInPause.key == f"account {hash_of(folded(name))}", SignInPause.until > func.now())
    return tx.scalar(waiting) is not None


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{ceil(seconds / 60)} minutes"  # noqa: PLR2004  # two minutes


#: Half a minute after the last attempt that is allowed, doubled with each further one, an hour at most. A day later all is forgotten.
_COUNT = text("""
  INSERT INTO sign_in_pause AS p (key, allowed, failures, failed_at)
  SELECT key, allowed, 1, clock_timestamp()
  FROM unnest(CAST(:keys AS text[]), CAST(:allowed AS integer[])) AS asked (key, allowed) ORDER BY key
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN p.failed_at < clock_timestamp() - interval '1 day' THEN 1 ELSE p.failures + 1 END,
    failed_at = clock_timestamp(),
    until = CASE
      WHEN p.failed_at < clock_timestamp() - interval '1 day' OR p.failures + 1 < p.allowed THEN NULL
      ELSE clock_timestamp() + least(interval '1 hour', interval '30 seconds' * power(2, least(p.failures + 1 - p.allowed, 10)))
    END
  WHERE p.until IS NULL OR p.until <= clock_timestamp()
  RETURNING key, failures
""")
_PAUSE_LEFT = text(
    "SELECT CAST(extract(epoch FROM max(until) - clock_timestamp()) AS double precision) FROM sign_in_pause WHERE key = ANY(:keys)"
)
_FORGET = text("DELETE FROM sign_in_pause WHERE key = ANY(:keys)")
_TAKE_BACK = text("UPDATE sign_in_pause SET failures = greatest(failures - 1, 0), until = NULL WHERE key = ANY(:keys)")
_KNOW_AGAIN = """
  UPDATE known_browser SET expires_at = now() + CAST(:lasts AS interval) WHERE token_hash = :hash AND account_id = :account RETURNING true
"""
_KNOW = """
  INSERT INTO known_browser (token_hash, account_id, expires_at) VALUES (:hash, :account, now() + CAST(:lasts AS interval))
"""
