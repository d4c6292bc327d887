"""Deploys files that a tool sends alone, without the bundle they belong to: they take their places in it, and its other files stay."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle, checked_path
from engine.models.reading.identity import named_in, place_of
from engine.problems import Invalid
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.deploy import Author, Deployment, deploy
from engine.store.locks import Advisory, advisory

_LONGEST_NAME: Final = 100
#: How other engines call the same kinds of files.
_ALSO_CALLED: Final = {".bpmn20.xml": ".bpmn", ".dmn11.xml": ".dmn", ".dmn10.xml": ".dmn"}


@dataclass(frozen=True, slots=True)
class Sent:
    """Files by their names, and what their sender calls the deployment."""

    title: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """The version that was made, and where each file lies in it, by the name it was sent with."""

    made: Deployment
    places: Mapping[str, str]


def deploy_files(runtime: Runtime, tx: Session, sent: Sent, author: Author, groups: Collection[str] | None = None) -> Taken:
    """Deploy files into the bundle that runs their processes, else into the one named like the title, else as a new one of that name.

    Raises Invalid for files of several bundles and names that no bundle has, and whatever `deploy` raises.
    """
    advisory(tx, Advisory.DEPLOY)  # what is carried over is the newest version also when two deploy at once
    bundle, places = files_with(tx, sent)
    return Taken(deploy(runtime, tx, bundle, author, groups), places)


def files_with(tx: Session, sent: Sent) -> tuple[Bundle, dict[str, str]]:
    """The bundle as it would be with the files in their places, and the place of each. Raises Invalid."""
    named = {name: _path_of(name) for name in sent.files}
    bundle = _bundle_of(tx, sent, named)
    files = {row.path: bytes(row.content) for row in tx.execute(_NEWEST, {"name": bundle})}
    places: dict[str, str] = {}
    for name, content in sent.files.items():
        places[name] = place_of(named[name], content, files)
        if list(places.values()).count(places[name]) > 1:
            raise _twice(places[name])
    files.update({places[name]: content for name, content in sent.files.items()})
    return Bundle(bundle, files), places


def _bundle_of(tx: Session, sent: Sent, named: Mapping[str, str]) -> str:
    keys = sorted({key for name, content in sent.files.items() for key in named_in(named[name], content)})
    running = tx.execute(_RUNNING, {"keys": keys}).scalars().all()
    if len(running) > 1:
        raise Invalid(
            f"The processes of these files run in several bundles: {', '.join(running)}.",
            code="bundles_several",
            next_step="Deploy the files of one bundle at a time.",
        )
    name = next(iter(running), "") or _plain(sent.title) or next((found for key in keys if (found := _plain(key))), "")
    if not name:
        raise Invalid(
            f"{sent.title[:100]!r} gives no name to a bundle.",
            code="bundle_name",
            next_step="Call the deployment by a name with letters, such as quote-to-order.",
        )
    return name


def _plain(title: str) -> str:
    """A title as the name of a bundle: small letters, digits and '-', beginning with a letter; empty where nothing is left of it."""
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]+", "-", letters)).strip("-")[:_LONGEST_NAME].rstrip("-")


def _path_of(name: str) -> str:
    """The path of a file in a bundle: letters that it may not have become '-'. Raises Invalid for a file of no kind that we know."""
    plain = unicodedata.normalize("NFKD", name.replace("\\", "/")).encode("ascii", "ignore").decode()
    parts = [re.sub(r"[^A-Za-z0-9_.-]+", "-", part).lstrip(".-") for part in plain.split("/")]
    path = "/".join(part for part in parts if part)
    for other, ours in _ALSO_CALLED.items():
        path = path.removesuffix(other) + ours if path.lower().endswith(other) else path
    return checked_path(path)


def _twice(path: str) -> Invalid:
    return Invalid(f"Two of the files are {path} of the bundle.", code="file_twice", next_step="Send each file once.")


_RUNNING = text("""
SELECT DISTINCT d.name FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
WHERE v.latest AND v.process_key = ANY(CAST(:keys AS text[])) ORDER BY d.name
""")

_NEWEST = text("""
SELECT f.path, f.content FROM deployment_file AS f WHERE f.deployment_id =
  (SELECT d.id FROM deployment AS d WHERE d.name = :name ORDER BY d.version DESC LIMIT 1) ORDER BY f.path
""")
