"""The load client: percentiles, what it counts, and what it does with a server that is not there."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import load


@pytest.mark.parametrize(
    ("share", "expected"), [(50, 5), (95, 10), (99, 10), (10, 1), (11, 2), (100, 10)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert load.percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected


def test_nothing_measured_has_no_percentile() -> None:
    assert load.percentile([], 50) is None


def test_only_answers_below_400_count() -> None:
    run = load.Run(2, 2.0, [1.0, 2.0], {"200": 10, "404": 4})
    assert run.per_second == 5
    assert not run.is_clean


def test_the_median_of_runs_is_not_their_mean() -> None:
    runs = [load.Run(1, 1.0, [float(n)], {"200": n}) for n in (1, 2, 30)]
    found = load.median_run(runs)
    assert found["per_second"] == 2
    assert found["p50_ms"] == 2
    assert found["runs_per_second"] == [1, 2, 30]
    assert found["statuses"] == {"200": 33}


class _Server(BaseHTTPRequestHandler):
    """Answers by path, and remembers what was posted."""

    protocol_version = "HTTP/1.1"
    posted: list[bytes] = []

    def do_GET(self) -> None:
        status = int(self.path.strip("/"))
        self.send_response(status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def do_POST(self) -> None:
        self.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(201)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer((load.HOST, 0), _Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_client_asks_again_and_again(port: int) -> None:
    run = load.drive(port, lambda: load.get("/200"), clients=2, seconds=0.2)
    assert run.is_clean
    assert run.statuses["200"] == len(run.times) > 2
    assert all(time > 0 for time in run.times)


def test_faults_of_the_server_are_counted_not_hidden(port: int) -> None:
    run = load.drive(port, lambda: load.get("/503"), clients=1, seconds=0.1)
    assert run.statuses.keys() == {"503"}
    assert run.per_second == 0


def test_a_posted_form_arrives_whole_and_chunks_are_read_to_their_end(port: int) -> None:
    _Server.posted.clear()
    run = load.drive(port, lambda: load.post("/x", b"content=%E8%B7%AF"), clients=1, seconds=0.1)
    assert run.statuses.keys() == {"201"}
    assert set(_Server.posted) == {b"content=%E8%B7%AF"}


def test_a_server_that_is_gone_is_a_fault_by_name() -> None:
    with socket.socket() as door:
        door.bind((load.HOST, 0))
        port = door.getsockname()[1]
    run = load.drive(port, lambda: load.get("/200"), clients=1, seconds=0.1)
    assert run.statuses.keys() == {"ConnectionRefusedError"}
