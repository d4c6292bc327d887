from sqlalchemy import text

from api.content import content, deploy_content
from engine.models.bundle import Bundle
from engine.runtime.verbs import deploy

US = "ordercraft"


def running(installation):
    versions = "process_version JOIN deployment ON deployment.id = deployment_id"
    statement = text(f"SELECT process_key, process_version.version, deployed_by FROM {versions} WHERE latest ORDER BY 1")
    with installation.database.transaction() as tx:
        return {row.process_key: (row.version, row.deployed_by) for row in tx.execute(statement)}


def test_starting_twice_deploys_once(installation):
    deploy_content(installation, actor=US)
    first = running(installation)
    deploy_content(installation, actor=US)
    assert running(installation) == first
    assert set(first) >= {
        "quote-to-order",
        "order-to-promise",
        "fulfillment-to-invoice",
        "dropship",
        "invoice-to-receipt",
        "statement-intake",
    }


def test_an_analyst_s_change_outlives_a_restart(installation):
    deploy_content(installation, actor=US)
    shipped = next(bundle for bundle in content() if bundle.name == "quote-to-order")
    changed = Bundle("quote-to-order", {**shipped.files, "README.md": b"Ours: the sales manager approves from 5 000 EUR on."})
    with installation.database.transaction() as tx:
        deploy.deploy(installation.runtime, tx, changed, "ravi")
    deploy_content(installation, actor=US)
    assert running(installation)["quote-to-order"] == (2, "ravi")
    assert running(installation)["dropship"] == (1, US)
