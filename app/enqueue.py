"""Hand jobs to RQ by dotted name. Redis may be away: the rows in Postgres stay, and are handed out again."""

from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

ACT_ON_DEADLINES = "app.jobs.deadlines.act_on_deadlines"
COUNT_FAULTS = "app.jobs.record.count_faults"
RESCHEDULE = "app.jobs.rescheduling.move_deadlines"
SEND_MAILS = "app.jobs.notices.send_mails"
CHECK_ESCALATIONS = "app.jobs.daily.check_escalations"
SEND_DIGESTS = "app.jobs.daily.send_digests"
QUEUES = {
    ACT_ON_DEADLINES: "deadlines",
    COUNT_FAULTS: "record",
    RESCHEDULE: "record",
    CHECK_ESCALATIONS: "daily",
    SEND_DIGESTS: "daily",
    SEND_MAILS: "mails",
    "app.jobs.notices.tell_of_events": "notices",
    "app.jobs.texts.index_texts": "texts",
    "app.jobs.exports.make_exports": "exports",
    "app.jobs.messages.send_receipts": "messages",
    "app.jobs.messages.tell_extended": "messages",
    "app.jobs.messages.tell_asked": "messages",
    "app.jobs.messages.tell_again": "messages",
    "app.jobs.messages.tell_suspended": "messages",
    "app.jobs.messages.ask_to_rate": "messages",
    "app.jobs.messages.plan_calls": "messages",
}
IDS_PER_JOB = 200
JOB_SECONDS = 120


def redis_client(url: str) -> Redis:
    """A client whose every wait is bounded, so that a hung Redis delays nobody."""
    return Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1, health_check_interval=15)


def enqueue(client: Redis, job: str, ids: Sequence[int], most: int = IDS_PER_JOB) -> None:
    """Queue the job in batches of at most so many ids. Raises redis.RedisError when Redis does not answer."""
    queue = Queue(QUEUES[job], connection=client, serializer=JSONSerializer)
    for start in range(0, len(ids), most):
        batch = list(ids[start : start + most])
        queue.enqueue(job, batch, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86400)


def waiting(client: Redis) -> list[str]:
    """Jobs whose queue still holds some: what waits there is done no sooner by being handed out again.

    Raises redis.RedisError when Redis does not answer.
    """
    held = {name for name in {*QUEUES.values()} if Queue(name, connection=client, serializer=JSONSerializer).count}
    return [job for job, name in QUEUES.items() if name in held]
