"""What operators set for a process: how urgent its work is, and how long its ended instances are kept."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, Page, Shape
from engine.runtime.read.process_settings import ProcessRow, list_process_settings
from engine.runtime.verbs.process_settings import LEAST_DAYS, MOST, MOST_DAYS, SET, ProcessSetting
from engine.store.tables.process_settings import USUAL_PRIORITY

api = APIBlueprint("process_settings", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="operations")])


class ProcessSettingIn(Shape):
    """`work_priority` from 0 (last) to 100 (first); `keep_days` is null where ended instances stay for ever."""

    process_key: str = Field(min_length=1, max_length=200)
    work_priority: int = Field(USUAL_PRIORITY, ge=0, le=MOST)
    keep_days: int | None = Field(None, ge=LEAST_DAYS, le=MOST_DAYS)
    reason: str = Field(min_length=3, max_length=2000)


@api.get("/process-settings", responses={200: Page[ProcessRow]})
@operation(Role.READ)
def list_settings() -> Page[ProcessRow]:
    """List the processes with what is set for each, and how many ended instances it keeps; all in one page."""
    return Page(items=list_process_settings(transaction()), next_cursor=None)


@api.put("/process-settings", responses={200: Done, 202: PendingOut})
@operation(Role.OPERATE)
def set_process(body: ProcessSettingIn) -> Answer:
    """Set it; to forget ended instances sooner than before takes a second person."""
    given = ProcessSetting(process_key=body.process_key, work_priority=body.work_priority, keep_days=body.keep_days)
    return act(SET, given, body.reason, lambda subject: (Done(id=subject, state="set"), 200))
