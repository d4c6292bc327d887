"""What is deployed, to be read and rolled back: bundles with their versions and files, what two versions differ in, zips out and in."""

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.deployments import DeploymentOut, deployed
from api.v1.shapes import Listing, Page, Search, Shape, listed
from engine.models.archive import read_archive, write_archive
from engine.models.media import media_type_of
from engine.runtime.dry_run.guarded_deployments import GivenBundle, GivenRollBack
from engine.runtime.dry_run.stage import outcome_of
from engine.runtime.read import bundles
from engine.runtime.read.comparisons import Comparison, compare_versions
from engine.runtime.verbs import deploy
from engine.runtime.verbs.rollback import RolledBack

api = APIBlueprint("bundles", __name__, url_prefix="/api/v1/bundles", abp_tags=[Tag(name="bundles")])

_ZIP_BODY = {"requestBody": {"required": True, "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}
_NAME = Field(max_length=100)


class BundlePath(BaseModel):
    """A bundle in the address."""

    name: str = _NAME


class NewBundlePath(BaseModel):
    """A bundle in the address, which need not be there yet."""

    name: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9-]*$")


class VersionPath(BaseModel):
    """A version of a bundle in the address: a number or `latest`."""

    name: str = _NAME
    version: str = Field(max_length=20)


class FilePath(BaseModel):
    """A file of a version in the address; it may lie in a folder."""

    name: str = _NAME
    version: str = Field(max_length=20)
    path: str = Field(max_length=300)


class DiffQuery(Shape):
    """Which versions to compare, each a number or `latest`: from the older to the newer, or back."""

    from_: str = Field(alias="from", max_length=20)
    to: str = Field("latest", max_length=20)


class NoteQuery(Shape):
    """What has changed and why; it stands in the list of versions. With `scenarios` only when all its scenarios come out as they say."""

    note: str = Field("", max_length=deploy.MAX_NOTE)
    scenarios: bool = False


class RollBackIn(Shape):
    """To which version to go back. `newest` is the newest version that was seen: where another was deployed meanwhile, nothing is done."""

    version: int = Field(ge=1, le=999_999_999)
    newest: int = Field(ge=1, le=999_999_999)
    note: str = Field("", max_length=deploy.MAX_NOTE)


class BundleOut(RootModel[bundles.BundleContent]):
    """A version of a bundle with its processes and files; `newest` is the number of the newest version."""


class RolledBackOut(DeploymentOut):
    """The version that was made of the old files; `retired` are processes that the old version did not have."""

    retired: list[str]


class ComparisonOut(RootModel[Comparison]):
    """What differs between two versions, file by file, and the running instances that the change touches, by element."""


@api.get("", responses={200: Page[bundles.BundleRow]})
@operation(Role.READ)
def list_bundles(query: Search) -> Page[bundles.BundleRow]:
    """List bundles by name, each by its newest version, with how many instances run and are stuck."""
    return listed(bundles.list_bundles(transaction(), query.search, query.asked))


@api.get("/<name>", responses={200: BundleOut})
@operation(Role.READ)
def get_bundle(path: BundlePath) -> BundleOut:
    """The newest version of a bundle."""
    return BundleOut(bundles.get_content(transaction(), path.name, bundles.LATEST))


@api.get("/<name>/versions", responses={200: Page[bundles.DeploymentRow]})
@operation(Role.READ)
def list_versions(path: BundlePath, query: Listing) -> Page[bundles.DeploymentRow]:
    """List the versions of a bundle, the newest first."""
    bundles.get_version(transaction(), path.name, bundles.LATEST)
    return listed(bundles.list_bundle_versions(transaction(), path.name, query.asked))


@api.post("/<name>/versions", responses={201: DeploymentOut, 202: PendingOut}, openapi_extensions=_ZIP_BODY)
@operation(Role.DEPLOY)
def import_archive(path: NewBundlePath, query: NoteQuery) -> Answer:
    """Deploy the files of a zip as the next version of a bundle; they go through the same check as any deployment."""
    bundle = read_archive(path.name, request.get_data())
    given = GivenBundle(name=bundle.name, files=dict(bundle.files), note=query.note, scenarios=query.scenarios)
    return act("deploy.bundle", given, query.note, deployed)


@api.get("/<name>/versions/<version>", responses={200: BundleOut})
@operation(Role.READ)
def get_version(path: VersionPath) -> BundleOut:
    """One version of a bundle."""
    return BundleOut(bundles.get_content(transaction(), path.name, path.version))


@api.get("/<name>/versions/<version>/archive")
@operation(Role.READ)
def get_archive(path: VersionPath) -> Response:
    """All files of a version as a zip."""
    found, bundle = bundles.bundle_of(transaction(), path.name, path.version)
    return _download(write_archive(bundle), "application/zip", f"{found.name}-{found.version}.zip")


@api.get("/<name>/versions/<version>/files/<path:path>")
@operation(Role.READ)
def get_file(path: FilePath) -> Response:
    """The bytes of one file of a version, unchanged."""
    content = bundles.file_of(transaction(), path.name, path.version, path.path)
    return _download(content, media_type_of(path.path), path.path.rsplit("/", 1)[-1])


@api.get("/<name>/diff", responses={200: ComparisonOut})
@operation(Role.READ)
def get_diff(path: BundlePath, query: DiffQuery) -> ComparisonOut:
    """Compare two versions: diagrams by element, decisions by cell, forms by field, texts by line; with the instances touched."""
    return ComparisonOut(compare_versions(transaction(), path.name, query.from_, query.to))


@api.post("/<name>/rollback", responses={201: RolledBackOut, 202: PendingOut})
@operation(Role.DEPLOY)
def post_rollback(path: BundlePath, body: RollBackIn) -> Answer:
    """Deploy the files of an earlier version as the newest one. `…/diff?from=latest&to=…` says before what that changes."""
    given = GivenRollBack(name=path.name, version=body.version, newest=body.newest, note=body.note)
    return act("deploy.roll_back", given, body.note, _rolled_back)


def _rolled_back(done: RolledBack) -> tuple[RolledBackOut, int]:
    made = done.made
    answer = RolledBackOut(
        id=made.id,
        name=made.name,
        version=made.version,
        processes=list(made.processes),
        retired=list(done.retired),
        outcome=outcome_of(product().runtime, transaction(), made).sentences,
    )
    return answer, 201


def _download(content: bytes, media_type: str, name: str) -> Response:
    plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name)
    return Response(content, mimetype=media_type, headers={"Content-Disposition": f'attachment; filename="{plain}"'})
