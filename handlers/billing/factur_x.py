"""Attaches the data of an invoice to its PDF: Factur-X 1.0, which is ZUGFeRD 2, in the profile of EN 16931, as PDF/A-3.

The library `factur-x` checks the data against its schema and writes attachment and metadata. It dates them by the machine's clock, and the
same invoice has to give the same bytes: its dates, which all have one length, are overwritten.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

#: How an invoice's PDF is made, as the customer's master data say: with its data in it.
FACTUR_X: Final = "FACTUR_X"
#: Dates of a PDF, plain and as pypdf writes them in the information about the document (in octal what is no letter or digit).
_PDF_DATE = re.compile(rb"(?<=D:)\d{14}(?=\+00'00')|(?<=D\\072)\d{14}(?=\\05300\\04700\\047)")
_XMP_DATE = re.compile(rb"(?<=Date>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00(?=<)")


@dataclass(frozen=True, slots=True)
class Attached:
    """What the metadata say of the paper: its title, who made it, and when."""

    title: str
    author: str
    at: datetime


def as_factur_x(paper: bytes, cii: bytes, about: Attached) -> bytes:
    """The PDF with its data, made in the process of the press.

    Raises facturx's errors where the data break their schema, which the rules of the UBL have found before.
    """
    import facturx

    metadata = {"title": about.title, "author": about.author, "subject": about.title, "keywords": "Factur-X, ZUGFeRD"}
    made = facturx.generate_from_binary(
        bytes(paper), cii, flavor="factur-x", level="en16931", afrelationship="alternative", pdf_metadata=metadata, xmp_compression=False
    )
    at = about.at.astimezone(UTC)
    dated = _PDF_DATE.sub(f"{at:%Y%m%d%H%M%S}".encode(), made)
    return _XMP_DATE.sub(f"{at:%Y-%m-%dT%H:%M:%S}+00:00".encode(), dated)
