"""After all the faults of this folder: the record as the product's own command checks it, every hash included."""

import pytest

from .run import City

pytestmark = pytest.mark.xdist_group("faults")


def test_the_record_is_whole_after_all_faults(city: City) -> None:
    city.check()
    found = city.product.check()
    city.tell(f"after all faults: {found}; {len(city.complaints())} complaints sent")
    assert found["faults"] == {}
