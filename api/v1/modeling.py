"""What an editor of diagrams needs to know of the engine: settings, service tasks, groups, and when a timer goes off."""

from datetime import datetime
from typing import Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, transaction
from api.v1.shapes import Shape
from engine.models import offers
from engine.models.examples import rules
from engine.models.vocabularies import VOCABULARIES
from engine.store.clock import business_now
from engine.task_catalogue import TaskDescription, describe

api = APIBlueprint("modeling", __name__, url_prefix="/api/v1/modeling", abp_tags=[Tag(name="modeling")])


class SettingOut(Shape):
    """A setting of an element; `written` says how: text, name, names, feel, variable, duration, integer or retry."""

    name: str
    written: str
    meaning: str


class VocabularyOut(Shape):
    """What may be written into a diagram. `settings` and `events` are by tag, settings of events by `tag:kind`."""

    settings: dict[str, list[SettingOut]]
    events: dict[str, list[str]]
    service_tasks: list[TaskDescription]
    groups: list[str]


class CheckRuleOut(Shape):
    """A rule of the check: its findings keep a model from being deployed (error) or do not (warning, info); `why` it is one."""

    name: str
    severity: Literal["error", "warning", "info"]
    why: str


class CheckRulesOut(Shape):
    """Every rule of the check."""

    items: list[CheckRuleOut]


class WordOut(Shape):
    """A word of a vocabulary: `runs`, `drawn` only, or `refused`; `note` says what it does or what to do instead."""

    vocabulary: str
    word: str
    fate: Literal["runs", "drawn", "refused"]
    note: str


class WordsOut(Shape):
    """Every element and attribute of BPMN 2.0 and of the extensions that are known. An attribute is `element@attribute`."""

    items: list[WordOut]


class TimerTextIn(Shape):
    """A timer as it stands in a diagram."""

    tag: Literal["timeDate", "timeDuration", "timeCycle"]
    text: str = Field(max_length=2000)


class TimesOut(Shape):
    """The next times of a timer, at most three; none where it `reads_variables`, or where there is a `problem`."""

    times: list[datetime]
    reads_variables: bool
    problem: str
    next_step: str


@api.get("/vocabulary", responses={200: VocabularyOut})
@operation(Role.READ)
def get_vocabulary() -> VocabularyOut:
    """Say what may be written into a diagram: one list for the check, the engine and every editor."""
    tasks = [describe(task) for task in sorted(product().runtime.service_tasks, key=lambda task: task.name)]
    settings = {
        tag: [SettingOut(name=each.name, written=each.written, meaning=each.meaning) for each in found]
        for tag, found in offers.settings_by_element().items()
    }
    events = {tag: list(kinds) for tag, kinds in offers.events_supported().items()}
    groups = sorted(product().groups or ())
    return VocabularyOut(settings=settings, events=events, service_tasks=tasks, groups=groups)


@api.get("/rules", responses={200: CheckRulesOut})
@operation(Role.READ)
def get_rules() -> CheckRulesOut:
    """Say what the check asks of a diagram, and why; an example of each is at `/processes/rules?name=…`."""
    return CheckRulesOut(items=[CheckRuleOut(name=each.name, severity=each.severity, why=each.why) for each in rules()])


@api.get("/words", responses={200: WordsOut})
@operation(Role.READ)
def get_words() -> WordsOut:
    """Say of each word that a diagram may use what becomes of it."""
    items = [
        WordOut(vocabulary=vocabulary.prefix or "bpmn", word=word, fate=entry.fate.value, note=entry.otherwise or entry.note)
        for vocabulary in VOCABULARIES
        for word, entry in sorted(vocabulary.entries.items())
    ]
    return WordsOut(items=items)


@api.post("/timer", responses={200: TimesOut})
@operation(Role.READ)
def preview_timer(body: TimerTextIn) -> TimesOut:
    """Compute when a timer would go off, from now, by the business clock and in the company's zone."""
    found = offers.preview_timer(body.tag, body.text, business_now(transaction()), product().runtime.time_zone)
    return TimesOut(times=list(found.times), reads_variables=found.reads_variables, problem=found.problem, next_step=found.next_step)
