"""Quotes as facts: versions, lines, approvals. Ground: quoting writes them, promising asks when their lines could be delivered."""
