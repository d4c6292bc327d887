"""The part of Camunda 7's REST interface that Camunda Modeler, deployment clients and external workers use, under `/engine-rest`.

A dialect over our own verbs: the same roles, the same check, the same refusals, said as these clients read them. What is not spoken here
is refused by name, never taken and dropped. `dialect` has addresses and refusals, `deployments` and `definitions` the operations,
`external_tasks` what workers outside ask (`fetching` reads what they say, `polls` has those who wait), `messages` what they tell an
instance, `variables` the types, `links` where the Modeler's notices lead.
Written after https://docs.camunda.org/manual/7.24/reference/rest/ and after what the published clients send.
"""

from flask import Flask

from api.camunda7 import definitions, deployments, dialect, external_tasks, messages
from api.camunda7.links import links


def install(app: Flask) -> None:
    """Speak the dialect under its base address, refusals of everything there included, and lead its notices to our pages."""
    dialect.install(app)
    app.register_blueprint(links)


BLUEPRINTS = (dialect.api, deployments.api, definitions.api, external_tasks.api, messages.api)
