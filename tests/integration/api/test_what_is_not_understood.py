"""A filter that is not understood is refused with what it could be; an empty list would say that there is nothing."""

import pytest

ADDRESSES = (
    "/api/v1/open-things?kind=nope",
    "/api/v1/holds?kind=nope",
    "/api/v1/holds?owner=nope",
    "/api/v1/imports?kind=nope",
    "/api/v1/incidents?state=nope",
    "/api/v1/timers?state=nope",
    "/api/v1/waits?state=nope",
    "/api/v1/unheard-messages?state=nope",
    "/api/v1/effects?state=nope",
    "/api/v1/saved-views?list=nope",
    "/orders/holds?kind=nope",
    "/master-data/imports?kind=nope",
    "/finance/journals?kind=nope",
    "/operations/edi?direction=nope",
    "/operations/edi?status=nope",
    "/operations/timers?state=nope",
    "/processes/words?fate=nope",
    "/processes/words?vocabulary=nope",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_filter_that_nobody_understands_is_refused_with_what_it_could_be(signed_in, address):
    answer = signed_in("edith").get(address)
    assert answer.status_code == 422
    assert "nope" in answer.text
    assert "Use one of" in answer.text
