"""What stands on a page in letters is marked for translation: a new page cannot come in English alone.

The templates below are those that were not translated yet; one that is goes from the list, and none comes.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import ui

TEMPLATES = Path(ui.__path__[0]) / "templates"
#: Pages of who runs and draws processes, keeps master data, books and accounts: English alone until now.
ENGLISH = frozenset(
    """
_batch.html _beginning.html _bundle_decisions.html _bundle_diagram.html _bundle_files.html _bundle_forms.html _bundle_readme.html
_bundle_scenarios.html _bundle_versions.html _customer.html _draft_changes.html _dry_run_acts.html _dry_run_steps.html
_edi_partner.html _editor_comments.html _editor_dmn-editor.html _editor_form-editor.html _editor_modeler.html
_editor_text-editor.html _element.html _import_bundle.html _instance.html _item.html _kept.html _outcome.html account.html
account_macros.html account_new.html accounts.html adjustment_new.html alerts.html audit.html bank_files.html base.html
batch_macros.html batch_new.html batches.html billing_run.html bundle.html bundle_diff.html bundles.html company.html confirm.html
draft.html draft_file.html drafts.html dry_run.html dry_run_all.html edi.html edi_interchange.html effects.html
external_tasks.html feel.html hold_kind.html hold_kinds.html holds.html import.html import_kind.html imports.html incidents.html
instances.html journal_new.html journals.html landscape.html late_charge_waive.html macros.html mail_texts.html messages.html
mining.html order_change.html outcome.html password.html pending.html periods.html prices.html profile.html rates.html
receipts.html record.html records.html recovery_codes.html repair.html report.html return_new.html roles.html rules.html
screening_decisions.html
second_step.html service_tasks.html sign_on_refused.html signals.html single_sign_on.html start.html supplier_prices.html
supplier_return_new.html take_over.html timers.html values.html waits.html webhook.html webhook_events.html webhook_macros.html
webhooks.html webhooks_in.html words.html work.html workers.html
""".split()  # noqa: SIM905  # a list of them would be a screen long
)
_TOKEN = re.compile(
    r"(\{#.*?#\}|\{%.*?%\}|<script.*?</script>|<code.*?</code>|<pre.*?</pre>|<kbd>.*?</kbd>|<[^<>{}]*(?:\{[{%].*?[}%]\}[^<>{}]*)*>)",
    re.DOTALL,
)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]{2,}")
_SAID = re.compile(r'\b(?:aria-label|data-label|placeholder|title)="([^"{}]*[A-Za-z]{2}[^"{}]*)"')
_EXAMPLE = re.compile(r"\S*\d\S*|Ctrl\+Enter|Ordercraft|CSV|EDI|SKU|IBAN|BIC|kg|v")


def unmarked(source: str) -> Iterator[str]:
    """The texts of a template that stand in it as they are shown."""
    for place, part in enumerate(_TOKEN.split(source)):
        if place % 2:
            yield from (said for said in _SAID.findall(part) if part.startswith("<") and not _is_example(said))
        elif _WORD.search(text := _EXPRESSION.sub(" ", part)) and not _is_example(text.strip()):
            yield " ".join(text.split())


def _is_example(text: str) -> bool:
    return all(_EXAMPLE.fullmatch(word) or not _WORD.search(word) for word in text.split())


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.glob("*.html") if path.name not in ENGLISH))
def test_every_text_of_a_translated_page_is_marked(name):
    assert list(unmarked((TEMPLATES / name).read_text(encoding="utf-8"))) == [], "write it as _(…) and translate it: python -m ui.translate"


def test_no_template_is_called_english_that_is_marked_or_gone():
    done = {
        name for name in ENGLISH if not (TEMPLATES / name).is_file() or not list(unmarked((TEMPLATES / name).read_text(encoding="utf-8")))
    }
    assert done == set(), "take them from the list"


def test_a_text_that_is_not_marked_is_found():
    assert list(unmarked('<p title="Orders">{{ n }} orders {{ _("late") }}</p><code>order</code><b>SO-1</b>')) == ["Orders", "orders"]


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_no_template_takes_the_name_by_which_texts_are_translated_for_something_else(name):
    tree = Environment(extensions=["jinja2.ext.do", "jinja2.ext.i18n"]).parse((TEMPLATES / name).read_text(encoding="utf-8"))
    assert [each.lineno for each in tree.find_all(nodes.Name) if each.name == "_" and each.ctx != "load"] == []
