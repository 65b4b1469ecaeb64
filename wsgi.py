"""A web process: pages and sockets, under gunicorn's gevent worker."""

import gc

# Before anything else is imported, so that every wait of the libraries yields to the other requests. Forking and
# signals stay as they are: the server loads this file once, in the parent that watches over its workers.
from gevent import monkey

monkey.patch_all(os=False, signal=False)

from app import create_app  # noqa: E402
from app.database import check_at_start  # noqa: E402

app = create_app(ASYNC_MODE="gevent")
check_at_start(app)
# All this stays until the process ends. A collector that looks through it each time holds up every request.
gc.collect()
gc.freeze()
