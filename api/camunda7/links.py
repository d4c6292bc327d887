"""Where Camunda Modeler's notices lead: it asks for the address of Cockpit, and appends its paths to it. Ours lead to our own pages."""

from uuid import UUID

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from api.camunda7.dialect import answer
from api.requests import open_to_all

links = Blueprint("modeler-links", __name__)


@links.get("/.well-known/camunda-automation-platform/webapps")
@open_to_all
def get_webapps() -> Response:
    """The address that stands for Cockpit: public, asked for by a page of no site and without a token."""
    made = answer({"cockpitUrl": f"{request.host_url}from-camunda-modeler/"})
    made.headers["Access-Control-Allow-Origin"] = "*"
    return made


@links.get("/from-camunda-modeler/repository")
@open_to_all
def show_deployment() -> Redirect:
    """After a deployment: the processes."""
    return redirect("/processes")


@links.get("/from-camunda-modeler/process-instance/<uuid:instance_id>")
@open_to_all
def show_instance(instance_id: UUID) -> Redirect:
    """After a start: the instance."""
    return redirect(f"/operations/instances/{instance_id}")
