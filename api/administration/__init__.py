"""Pages about accounts: for administrators all of them, for everybody their own, and for who holds a link the choice of a password.

They stand here and not in `ui`, because accounts are the edge's; their templates stand with all others.
"""

from flask import Blueprint

from api.administration import accounts, company, confirm, limits, links, notices, profile, roles, webhooks, webhooks_in
from api.administration.browsers import in_words

Rule = tuple[str, object, list[str]]


def blueprint() -> Blueprint:
    """Every page of this room."""
    pages = Blueprint("administration", __name__)
    for module in (accounts, company, confirm, limits, links, notices, profile, roles, webhooks, webhooks_in):
        for rule, view, methods in module.ROUTES:
            pages.add_url_rule(rule, f"{module.__name__.rpartition('.')[2]}_{view.__name__}", view, methods=methods)
    pages.add_app_template_filter(in_words, "browser")
    return pages
