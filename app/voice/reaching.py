"""Whether a request that failed had left: only what never left may be asked again without asking what there is."""

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

_BEFORE = (NewConnectionError, ConnectTimeoutError, NameResolutionError)


def had_left(fault: BaseException) -> bool:
    """Whether the other side may have got it. A line that was cut after the request looks like none at first."""
    if isinstance(fault, requests.ConnectTimeout):
        return False
    if not isinstance(fault, requests.ConnectionError):
        return True
    cause = fault.args[0] if fault.args else None
    reason = getattr(cause, "reason", cause)
    return not isinstance(reason, _BEFORE)
