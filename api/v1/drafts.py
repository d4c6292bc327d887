"""Drafts: what analysts work on and nobody runs. Files are read and written one by one, with `ETag` and `If-Match`."""

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.errors import BadRequest
from api.product import product
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.deployments import DeploymentOut, deployed
from api.v1.shapes import Listing, Page, Shape, listed
from engine.lexical import read_count
from engine.models.bundle import FileKind, kind_of
from engine.models.converting.report import summary
from engine.runtime.dry_run.guarded_deployments import GivenDraft
from engine.runtime.read import drafts as read
from engine.runtime.read.draft_changes import DraftChanges, changes_of
from engine.runtime.verbs import draft_import, drafts
from engine.runtime.verbs.deploy import MAX_NOTE

api = APIBlueprint("drafts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="drafts")])
_BYTES = {"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}
_MEDIA_TYPES = {
    FileKind.DIAGRAM: "application/xml",
    FileKind.DECISION: "application/xml",
    FileKind.FORM: "application/json",
    FileKind.SCENARIO: "application/json",
    FileKind.TEXT: "text/markdown",
}


class BundlePath(BaseModel):
    """A bundle in the address."""

    bundle: str = Field(max_length=100)


class FilePath(BundlePath):
    """A file of a bundle in the address."""

    path: str = Field(max_length=200)


class DraftIn(Shape):
    """The draft to begin: of what is deployed under the name, or, with `empty` or where nothing is, with a new diagram."""

    bundle: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9-]*$")
    empty: bool = False


class RenameIn(Shape):
    """Another name for a file; `revision` is the one it was seen at."""

    path: str = Field(max_length=200)
    to: str = Field(max_length=200)
    revision: int = Field(ge=0, lt=2**63)


class RestoreIn(Shape):
    """A file to be taken as it was deployed; `revision` is the one it was seen at, null where it was removed."""

    path: str = Field(max_length=200)
    revision: int | None = Field(None, ge=0, lt=2**63)


class DraftDeploymentIn(Shape):
    """What the people who look at the versions should know. Without `scenarios` it is deployed even where one comes out otherwise."""

    note: str = Field("", max_length=MAX_NOTE)
    scenarios: bool = True


class CheckQuery(Shape):
    """The file that the body of the request takes the place of, unsaved; without it the draft is checked as it is saved."""

    path: str = Field("", max_length=200)


class CheckedOut(RootModel[read.CheckedDraft]):
    """What a check of a draft found."""


class ChangesOut(RootModel[DraftChanges]):
    """What the deployment of a draft would change."""


class RevisionOut(Shape):
    """A file after it was written."""

    path: str
    revision: int


class NoteOut(Shape):
    """A setting of another tool: translated (`became` says into what), needless here, or left for somebody to decide (what to do)."""

    fate: str
    element_id: str
    element_name: str
    what: str
    became: str


class ImportedOut(RevisionOut):
    """A diagram that was brought in, what became of each setting in it, and the files made beside it: forms, and the report."""

    summary: str
    notes: list[NoteOut]
    files: list[str]


class RebasedOut(Shape):
    """What follows the newer deployment now, and what was changed on both sides and stays as drafted."""

    version: int | None
    taken: list[str]
    kept: list[str]


class DraftOut(RootModel[read.Draft]):
    """A draft with its files, each against what the draft is based on, and what was deployed since it was begun."""


@api.get("/drafts", responses={200: Page[read.DraftRow]})
@operation(Role.READ)
def list_drafts(query: Listing) -> Page[read.DraftRow]:
    """List what is worked on, by bundle."""
    return listed(read.list_drafts(transaction(), query.asked))


@api.post("/drafts", responses={200: DraftOut, 201: DraftOut})
@operation(Role.DEPLOY)
def begin_draft(body: DraftIn) -> tuple[DraftOut, int]:
    """Begin a draft (201); where the bundle has one already, answer that one as it is (200)."""
    made = drafts.begin(transaction(), body.bundle, person().name, empty=body.empty)
    return _shown(body.bundle), 201 if made else 200


@api.get("/drafts/<bundle>", responses={200: DraftOut})
@operation(Role.READ)
def get_draft(path: BundlePath) -> DraftOut:
    """Show a draft: its files, each against what is deployed, and whether somebody has deployed meanwhile."""
    return _shown(path.bundle)


@api.delete("/drafts/<bundle>", responses={204: None})
@operation(Role.DEPLOY)
def discard_draft(path: BundlePath) -> tuple[None, int]:
    """Throw a draft away with all its files."""
    drafts.discard(transaction(), path.bundle, person().name)
    return None, 204


@api.get("/drafts/<bundle>/files/<path:path>")
@operation(Role.READ)
def get_draft_file(path: FilePath) -> Response:
    """The bytes of a file; its ETag is the revision to save over."""
    found = read.read_file(transaction(), path.bundle, path.path)
    answer = Response(found.content, mimetype=_media_type(path.path))
    answer.set_etag(str(found.revision))
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@api.put("/drafts/<bundle>/files/<path:path>", responses={200: RevisionOut}, openapi_extensions=_BYTES)
@operation(Role.DEPLOY)
def save_draft_file(path: FilePath) -> tuple[RevisionOut, int, dict[str, str]]:
    """Save the bytes of a file over the revision named in If-Match; without it, add a file that is not there yet.

    A lost race is a 409 that carries what the other one wrote in `current`; nothing is overwritten.
    """
    saving = drafts.Saving(path.path, request.get_data(), _revision_seen(), person().name)
    revision = drafts.save(transaction(), path.bundle, saving)
    return RevisionOut(path=path.path, revision=revision), 200, {"ETag": f'"{revision}"'}


@api.post("/drafts/<bundle>/import/<path:path>", responses={201: ImportedOut}, openapi_extensions=_BYTES)
@operation(Role.DEPLOY)
def import_diagram(path: FilePath) -> tuple[ImportedOut, int]:
    """Bring a diagram of elsewhere in: settings of Camunda 7 and 8 become ours, with a report of each; pictures are taken as they are.

    A file that is there is written over only at the revision named in If-Match.
    """
    saving = drafts.Saving(path.path, request.get_data(), _revision_seen(), person().name)
    made = draft_import.import_diagram(transaction(), path.bundle, saving)
    notes = [NoteOut.model_validate(note) for note in made.notes]
    return ImportedOut(path=made.path, revision=made.revision, summary=summary(made.notes), notes=notes, files=list(made.files)), 201


@api.delete("/drafts/<bundle>/files/<path:path>", responses={204: None})
@operation(Role.DEPLOY)
def remove_draft_file(path: FilePath) -> tuple[None, int]:
    """Take a file out of a draft, at the revision named in If-Match."""
    seen = _revision_seen()
    if seen is None:
        raise BadRequest("If-Match is missing.", code="if_match", next_step="Send the ETag of the file that is to go.")
    drafts.remove(transaction(), path.bundle, path.path, (seen, person().name))
    return None, 204


@api.post("/drafts/<bundle>/rename", responses={200: RevisionOut})
@operation(Role.DEPLOY)
def rename_draft_file(path: BundlePath, body: RenameIn) -> RevisionOut:
    """Give a file of a draft another name."""
    revision = drafts.rename(transaction(), path.bundle, body.path, body.to, (body.revision, person().name))
    return RevisionOut(path=body.to, revision=revision)


@api.post("/drafts/<bundle>/restore", responses={200: RevisionOut})
@operation(Role.DEPLOY)
def restore_draft_file(path: BundlePath, body: RestoreIn) -> RevisionOut:
    """Take a file of a draft as it is in what the draft is based on: what was changed is undone, what was removed is back."""
    revision = drafts.restore(transaction(), path.bundle, body.path, person().name, body.revision)
    return RevisionOut(path=body.path, revision=revision)


@api.post("/drafts/<bundle>/rebase", responses={200: RebasedOut})
@operation(Role.DEPLOY)
def rebase_draft(path: BundlePath) -> RebasedOut:
    """Take what is deployed now as the base: files nobody changed in the draft follow it, those changed on both sides stay as drafted."""
    made = drafts.rebase(transaction(), path.bundle, person().name)
    return RebasedOut(version=made.version, taken=list(made.taken), kept=list(made.kept))


@api.post("/drafts/<bundle>/check", responses={200: CheckedOut}, openapi_extensions=_BYTES)
@operation(Role.READ)
def check_draft(path: BundlePath, query: CheckQuery) -> CheckedOut:
    """Say what deployment would say of a draft, with one file as its editor has it now: the body is the bytes of `path`.

    A finding with a `fix` is mended by that one change. `variables` says what may be there at each step, who writes it and who reads it.
    """
    changed = {query.path: request.get_data()} if query.path else {}
    return CheckedOut(read.check_draft(product().runtime, transaction(), path.bundle, changed, product().groups))


@api.get("/drafts/<bundle>/changes", responses={200: ChangesOut})
@operation(Role.READ)
def get_draft_changes(path: BundlePath) -> ChangesOut:
    """Say what deploying a draft would change, element by element and cell by cell, and which running instances it touches."""
    return ChangesOut(changes_of(transaction(), path.bundle))


@api.post("/drafts/<bundle>/deploy", responses={201: DeploymentOut, 202: PendingOut})
@operation(Role.DEPLOY)
def deploy_draft(path: BundlePath, body: DraftDeploymentIn) -> Answer:
    """Deploy a draft, which then is gone, and say what turns out differently. Who wrote in it confirms nothing of it.

    Refused with all findings where there are errors, with all scenarios that fail, and where somebody has deployed meanwhile.
    """
    given = GivenDraft(bundle=path.bundle, note=body.note, scenarios=body.scenarios)
    return act("deploy.draft", given, body.note, deployed)


def _shown(bundle: str) -> DraftOut:
    return DraftOut(read.show_draft(transaction(), bundle))


def _revision_seen() -> int | None:
    """The revision named in If-Match. Raises BadRequest."""
    given: Any = request.headers.get("If-Match")
    if given is None:
        return None
    text = given.strip().removeprefix("W/").strip('"')
    revision = read_count(text)
    if revision is None:
        raise BadRequest("If-Match names no revision.", code="if_match", next_step="Send the ETag that the file was read with.")
    return revision


def _media_type(path: str) -> str:
    kind = kind_of(path)
    return "text/plain" if kind is None else _MEDIA_TYPES[kind]
