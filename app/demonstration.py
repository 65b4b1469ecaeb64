"""Is this the demo city, in which everything is invented and everybody may be anybody?"""

from flask import current_app

from db import db
from routing.models import Region

REGION = "9901"
"""The demo city's own code, which is no place of the country."""


def is_demo_city() -> bool:
    """Never in production. A folder first used with --no-demo keeps its own city, however it is started later."""
    return not current_app.extensions["hotline"].is_production and db.session.get(Region, REGION) is not None
