"""Every key figure there is."""

from collections.abc import Collection

from handlers.reporting import money_kpis, order_kpis
from handlers.reporting.kpi import Kpi

KPIS: tuple[Kpi, ...] = (*order_kpis.KPIS, *money_kpis.KPIS)


def of_groups(groups: Collection[str]) -> list[Kpi]:
    """The key figures of somebody's groups."""
    return [each for each in KPIS if set(each.groups) & set(groups)]
