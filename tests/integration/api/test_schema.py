from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from api.schema import current_revision, migrate, wanted_revision
from api.tables import metadata

VIEWS_AND_TRIGGERS = text("""
SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || proname || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1
""")


def ours(kind, name):
    return not name.startswith(("pgqueuer", "procrastinate", "alembic_version"))


def test_the_migrations_lead_to_the_tables_the_code_describes(own_database):
    with own_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, parents: kind != "table" or ours(kind, name), "compare_server_default": False},
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_every_view_and_trigger_the_code_declares(own_database):
    with own_database.transaction() as tx:
        migrated = tx.execute(VIEWS_AND_TRIGGERS).scalars().all()
        tx.execute(text("DROP SCHEMA public CASCADE"))
        tx.execute(text("CREATE SCHEMA public"))
    metadata.create_all(own_database.engine)
    with own_database.transaction() as tx:
        declared = tx.execute(VIEWS_AND_TRIGGERS).scalars().all()
    assert migrated == declared
    assert any(line.startswith("view order_status") for line in declared)


def test_migrating_again_changes_nothing(database):
    migrate(database)
    with database.transaction() as tx:
        assert current_revision(tx) == wanted_revision() is not None
