"""Every route says which role it asks for, and whose the objects in its address are."""

from api.requests import undeclared
from tests.applications import application_of


def test_no_route_is_left_without_a_role_or_with_an_object_of_nobody():
    assert undeclared(application_of(None)) == [], "name a role at the view, and each part of the address in api/auth/objects.py"
