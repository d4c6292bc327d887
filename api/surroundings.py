"""Says in one sentence what is wrong with the surroundings of an installation, and what to do about it: database, disk, port, package."""

import errno
from collections.abc import Callable, Sequence
from typing import Any

from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from engine.problems import Problem


class Surroundings(Problem):
    """What the product stands on is not as it must be; nothing was changed."""

    default_code = "surroundings"


def in_words(error: BaseException) -> Surroundings | None:
    """The sentence for a failure that is not ours, or None for one that is: that one keeps its traceback."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    cause = error.__cause__ or error.__context__
    return in_words(cause) if cause is not None else None


def _database(error: Any) -> Surroundings:
    said = str(error.orig or error).strip().splitlines()
    reason = next((line.strip() for line in said if "failed:" in line), said[0] if said else "no answer")
    if "password authentication" in reason or "no password supplied" in reason:
        next_step = "Correct the user and password in DATABASE_URL."
    elif "does not exist" in reason:
        next_step = "Create the database or the user it names, or correct DATABASE_URL."
    elif "too many clients" in reason or "too many connections" in reason:
        next_step = "Raise max_connections of the server, or lower ORDERCRAFT_WEB_THREADS and ORDERCRAFT_WORKER_THREADS."
    else:
        next_step = "Start the server, or correct DATABASE_URL; without DATABASE_URL the product starts its own PostgreSQL."
    return Surroundings(f"The database cannot be reached: {reason}", code="database_unreachable", next_step=next_step)


def checked_url(url: str) -> str:
    """The URL of a PostgreSQL server, as it was given. Raises Surroundings when it cannot be read or names another kind of database."""
    try:
        backend = make_url(url).get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise Surroundings(
            f"DATABASE_URL cannot be read: {str(error).splitlines()[0]}",
            code="database_url",
            next_step="Write postgresql://user:password@host:5432/name, with special letters of the password percent-encoded.",
        ) from None
    if backend not in {"postgresql", "postgres"}:
        raise Surroundings(
            f"DATABASE_URL names a database of the kind {backend}.",
            code="database_url",
            next_step="Use a PostgreSQL 15 or newer: postgresql://…; or leave DATABASE_URL empty to start the one that comes along.",
        )
    return url


def _newer(error: Any) -> Surroundings:
    return Surroundings(
        f"The tables are of a version that this program does not know ({error}).",
        code="schema_newer",
        next_step="Run the newer release that made them, or restore the backup that was made before it.",
    )


def _missing(error: Any) -> Surroundings:
    extra = " Install it with: pip install 'ordercraft[procrastinate]'." if error.name == "procrastinate" else ""
    return Surroundings(
        f"The package {error.name} is not installed.", code="package_missing", next_step=f"Install the product anew.{extra}".strip()
    )


def _disk(error: Any) -> Surroundings | None:
    reasons = {
        errno.ENOSPC: ("The disk is full", "Free some space, or let ORDERCRAFT_DATA name a directory on another disk."),
        errno.EROFS: ("The disk can only be read", "Let ORDERCRAFT_DATA name a directory that can be written."),
        errno.EACCES: ("It may not be written", "Let ORDERCRAFT_DATA name a directory of your own, or choose a port from 1024."),
        errno.EPERM: ("It may not be written", "Let ORDERCRAFT_DATA name a directory of your own."),
        errno.ENOENT: ("There is no such place", "Let ORDERCRAFT_DATA name a directory that can be made."),
        errno.ENOTDIR: ("A part of the path is a file", "Let ORDERCRAFT_DATA name a directory."),
        errno.EEXIST: ("There is a file of that name", "Let ORDERCRAFT_DATA name a directory."),
        errno.EADDRNOTAVAIL: ("The address is none of this machine", "Set ORDERCRAFT_HOST to one of its addresses, such as 127.0.0.1."),
        errno.ENAMETOOLONG: ("The path is too long", "Let ORDERCRAFT_DATA name a shorter one."),
    }
    if error.errno not in reasons:
        return None
    what, next_step = reasons[error.errno]
    return Surroundings(f"{what}: {error.filename or error.strerror}.", code="surroundings", next_step=next_step)


_WORDS: Sequence[tuple[type[BaseException], Callable[[Any], Surroundings | None]]] = (
    (OperationalError, _database),
    (CommandError, _newer),
    (ModuleNotFoundError, _missing),
    (OSError, _disk),
)
