"""What a city sets of exports: how many lines one has, how long it is kept, how many a person may have made."""

from collections.abc import Mapping

from routing import service as routing
from routing.terms import EXPORTS

SHIPPED: Mapping[str, int] = {"rows": 50_000, "hours": 24, "at_once": 5}
"""So many lines are made within a job's time on a slow machine; a longer list is narrowed, and says so."""


def limits() -> Mapping[str, int]:
    """As the city has set them now; what it has not set is as it ships."""
    return {**SHIPPED, **routing.current().settings.get(EXPORTS, {})}
