"""The lists of which a person can save a view."""

from typing import Final

#: The lists that can be saved, and where they are.
LISTS: Final = {
    "worklist": "/worklist",
    "orders": "/orders",
    "instances": "/operations/instances",
    "incidents": "/operations/incidents",
}
