"""Every table of the product, known to one MetaData: importing this module is how Alembic and the tests learn of them."""

from api.auth import model  # noqa: F401  # joins by import
from api.notices import model as notices  # noqa: F401  # joins by import
from engine.store import clock, tables  # noqa: F401  # joins by import
from engine.store.base import metadata
from handlers.orders import status  # noqa: F401  # the view of derived statuses joins by import
from handlers.registry import load_models
from handlers.webhooks import telling  # noqa: F401  # the triggers that write what is told join by import

load_models()

__all__ = ["metadata"]
