"""Every report there is."""

from handlers.reporting import due_reports, goods_reports, ledger_reports
from handlers.reporting.kpis import KPIS
from handlers.reporting.report import Report

REPORTS: tuple[Report, ...] = (*ledger_reports.REPORTS, *due_reports.REPORTS, *goods_reports.REPORTS, *(each.report for each in KPIS))
