"""Reports and key figures: each is defined once, as a query with what it counts, and shown as a page, as CSV and by the API.

Capability: reads what the others keep, and writes nothing but the day's figures. Open `report.py` for what a report is, `reports.py` for
the list of them, `kpi.py` for what a key figure is, `kpis.py` for the list of those.
"""
