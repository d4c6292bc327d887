"""What the company says in its mails to customers, kind by kind."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Page, Shape
from handlers.changes import Author
from handlers.mailing.texts import Words, keep_words, list_words

api = APIBlueprint("mail-texts", __name__, url_prefix="/api/v1/mail-texts", abp_tags=[Tag(name="mails")])


class KindPath(BaseModel):
    """A kind of mail in the address."""

    kind: str = Field(max_length=80)


class WordsIn(Shape):
    """The words of a mail; fields stand in braces. Both empty: ours again."""

    subject: str = Field(max_length=1000)
    body: str = Field(max_length=20_000)


@api.get("", responses={200: Page[Words]})
@operation(Role.OPERATE)
def list_all() -> Page[Words]:
    """List every kind of mail with its words and the fields it knows; all in one page."""
    return Page(items=list_words(transaction()), next_cursor=None)


@api.put("/<kind>", responses={200: Done})
@operation(Role.ADMINISTER)
def keep(path: KindPath, body: WordsIn) -> Done:
    """Say it so from now on."""
    keep_words(transaction(), path.kind, body.subject, body.body, Author(person().name))
    return Done(id=path.kind, state="kept")
