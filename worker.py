"""A worker process: runs RQ jobs in forked children of an application loaded once."""

import os
import signal
import sys
from ctypes import CDLL

from redis import Redis
from rq import Worker
from rq.serializers import JSONSerializer

from app import create_app
from app.database import check_at_start
from app.enqueue import QUEUES
from app.jobs import (  # noqa: F401  preloaded, so that a job costs a fork and no imports
    daily,
    deadlines,
    exports,
    messages,
    notices,
    texts,
)
from db import db

PR_SET_PDEATHSIG = 1


class BoundWorker(Worker):
    """A worker whose child dies with it, so that a killed worker leaves no orphan at work."""

    def main_work_horse(self, *args, **kwargs):
        if sys.platform == "linux":
            CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        super().main_work_horse(*args, **kwargs)


def main() -> None:
    """Serve the queues until told to stop. Exits when Redis goes away; the supervisor starts it anew."""
    app = create_app()
    check_at_start(app)
    with app.app_context():
        engine = db.engine
    # A child that used its parent's connection would share one socket with its siblings.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
    # No socket timeout here: RQ sets its own, to outlast the blocking wait for a job.
    client = Redis.from_url(app.extensions["hotline"].redis_url)
    queues = sorted(set(QUEUES.values()))
    with app.app_context():
        worker = BoundWorker(
            queues, connection=client, serializer=JSONSerializer,
            maintenance_interval=15, job_monitoring_interval=5, worker_ttl=60,
        )
        worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
