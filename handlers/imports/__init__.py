"""Imports: files of master data, stock, open orders and open items, by CSV or XLSX.

`sheets.py` reads a file, `cells.py` its cells, `kinds.py` finds what can be brought in: each capability lists its own in `imports.py`, as
`handlers/bulk.py` says. `verbs.py` checks, applies and undoes; `files.py` writes templates and files to correct. It may import every
other room of the business; none imports it.
"""
