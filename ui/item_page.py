"""An item as its page shows it: what is on file of it, and what is kept of its supply for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from handlers.catalog import views
from handlers.promising.allocation_views import AllocationRow, list_allocations
from handlers.promising.production import MadeItemDraft, list_made


@dataclass(frozen=True, slots=True)
class ItemPage:
    """An item with what is kept of its supply for whom, and how we make it."""

    item: views.ShownItem
    kept: Sequence[AllocationRow]
    made: Sequence[MadeItemDraft]

    @property
    def row(self) -> dict[str, Any]:
        """The item as it is on file."""
        return self.item.row

    @property
    def version(self) -> str:
        """What a change of it names."""
        return self.item.version


def show_item(tx: Session, sku: str) -> ItemPage:
    """One item with all that is known of it. Raises NotFound."""
    return ItemPage(views.show_item(tx, sku), list_allocations(tx, sku), list_made(tx, sku))
