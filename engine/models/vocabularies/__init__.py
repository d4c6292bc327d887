"""Every word that a model may use, and what becomes of it here: it runs, it is drawn only, or it is refused, with what to do instead.

One table for each vocabulary. The linter names what a model uses and we do not read (`engine.models.linter.words`), the pages print the
tables, and a test generated from the standard's XML Schema and from the published descriptors of the others proves that no word is missing
and that each has an effect or a finding. To let a word run, change its entry where the code that reads it is written.
"""

from typing import Final

from engine.models.vocabularies.bpmn import BPMN_WORDS, EVENTS_SUPPORTED
from engine.models.vocabularies.camunda import CAMUNDA_WORDS
from engine.models.vocabularies.entries import Entry, Fate, Vocabulary
from engine.models.vocabularies.spiffworkflow import SPIFF_WORDS
from engine.models.vocabularies.zeebe import ZEEBE_WORDS

VOCABULARIES: Final = (BPMN_WORDS, SPIFF_WORDS, ZEEBE_WORDS, CAMUNDA_WORDS)
#: Each vocabulary by its namespaces.
BY_NAMESPACE: Final = {namespace: each for each in VOCABULARIES for namespace in each.namespaces}

__all__ = [
    "BPMN_WORDS",
    "BY_NAMESPACE",
    "CAMUNDA_WORDS",
    "EVENTS_SUPPORTED",
    "SPIFF_WORDS",
    "VOCABULARIES",
    "ZEEBE_WORDS",
    "Entry",
    "Fate",
    "Vocabulary",
]
