"""Numbers and papers: number series, the document store, and PDF from typst text. Ground: knows no capability.

Open `numbers.py` for the next order number, `store.py` to keep a document, `pdf.py` to print one.
"""
