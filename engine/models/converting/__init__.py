"""Models of Camunda 7 and 8 as ours: a converted copy of a diagram, and a report in which each setting of theirs is accounted for.

Open `convert.py` first. `bench.py` holds the tree and keeps the books: what is taken out is noted with what it became, and what is left is
named by the tables of words (`engine.models.vocabularies`), so that nothing is lost without a word. `camunda8.py` and `camunda7.py` know
their vocabularies, `juel.py` their expressions, `generated_forms.py` draws a form for fields that were listed in the diagram.
May import the reader's rooms and FEEL; nothing here touches a database.
"""

from engine.models.converting.convert import Converted, convert, is_foreign
from engine.models.converting.report import Fate, Note, as_markdown

__all__ = ["Converted", "Fate", "Note", "as_markdown", "convert", "is_foreign"]
