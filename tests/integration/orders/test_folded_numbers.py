"""Two spellings of one document number: the database and the code fold them alike."""

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import text

from handlers.identifiers import folded
from tests.examples import examples

SPELLINGS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from("aZ \t\n\r\x0b\x0c\xa0ßé-/"))


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(SPELLINGS, min_size=1, max_size=20))
def test_the_database_folds_as_the_code_does(database, written):
    with database.transaction() as tx:
        stored = tx.execute(
            text("SELECT folded(each) FROM unnest(CAST(:all AS text[])) WITH ORDINALITY AS t(each, n) ORDER BY n"), {"all": written}
        )
        assert stored.scalars().all() == [folded(each) for each in written]
