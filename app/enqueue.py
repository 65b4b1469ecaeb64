"""Hand jobs to RQ by dotted name. Redis may be away: the rows in Postgres stay, and are handed out again."""

from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

ACT_ON_DEADLINES = "app.jobs.deadlines.act_on_deadlines"
COUNT_FAULTS = "app.jobs.record.count_faults"
RESCHEDULE = "app.jobs.rescheduling.move_deadlines"
QUEUES = {
    ACT_ON_DEADLINES: "deadlines",
    COUNT_FAULTS: "record",
    RESCHEDULE: "record",
    "app.jobs.texts.index_texts": "texts",
    "app.jobs.exports.make_exports": "exports",
    "app.jobs.messages.send_receipts": "messages",
    "app.jobs.messages.ask_to_rate": "messages",
    "app.jobs.messages.plan_calls": "messages",
}
IDS_PER_JOB = 200
JOB_SECONDS = 120


def redis_client(url: str) -> Redis:
    """A client whose every wait is bounded, so that a hung Redis delays nobody."""
    return Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1, health_check_interval=15)


def enqueue(client: Redis, job: str, ids: Sequence[int]) -> None:
    """Queue the job in batches of ids. Raises redis.RedisError when Redis does not answer."""
    queue = Queue(QUEUES[job], connection=client, serializer=JSONSerializer)
    for start in range(0, len(ids), IDS_PER_JOB):
        batch = list(ids[start : start + IDS_PER_JOB])
        queue.enqueue(job, batch, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86400)
