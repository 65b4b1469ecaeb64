"""The two clocks: one stands until it is pushed, the other runs."""

import threading
import time
from datetime import UTC, timedelta

import pytest

from simulator.clock import RealClock, VirtualClock


class TestVirtual:
    def test_runs_what_is_due_in_order_and_no_more(self):
        clock, done = VirtualClock(), []
        begun = clock.now()
        assert begun.tzinfo == UTC
        for seconds in (5, 1, 3, 1):
            clock.after(seconds, lambda seconds=seconds: done.append((seconds, clock.now() - begun)))
        clock.advance(4)
        assert done == [(1, timedelta(seconds=1)), (1, timedelta(seconds=1)), (3, timedelta(seconds=3))]
        assert clock.now() - begun == timedelta(seconds=4)
        clock.advance(1)
        assert done[-1] == (5, timedelta(seconds=5))

    def test_runs_what_actions_ask_for_within_the_time(self):
        clock, done = VirtualClock(), []
        clock.after(1, lambda: clock.after(1, lambda: done.append("in time")))
        clock.after(1, lambda: clock.after(2, lambda: done.append("later")))
        clock.advance(2)
        assert done == ["in time"]

    def test_lets_go_of_its_lock_for_what_is_outside(self):
        clock, free = VirtualClock(), []

        def take() -> None:
            free.append(clock.lock.acquire(timeout=0.2))
            if free[-1]:
                clock.lock.release()

        def probe() -> None:
            taken = threading.Thread(target=take)
            taken.start()
            taken.join()

        clock.outside(probe)
        clock.advance()
        clock.after(0, probe)
        clock.advance()
        assert free == [True, False]


class TestReal:
    @pytest.fixture
    def clock(self):
        self.errors: list[BaseException] = []
        made = RealClock(self.errors.append)
        yield made
        made.stop()

    def test_runs_by_itself_and_in_order(self, clock: RealClock):
        done, last = [], threading.Event()
        clock.after(0.08, last.set)
        clock.after(0.04, lambda: done.append("second"))
        clock.after(0.0, lambda: done.append("first"))
        assert last.wait(5) and done == ["first", "second"]

    def test_goes_on_after_an_error_and_tells_of_it(self, clock: RealClock):
        done = threading.Event()
        clock.after(0, lambda: 1 / 0)
        clock.after(0.01, done.set)
        assert done.wait(5) and [type(error) for error in self.errors] == [ZeroDivisionError]

    def test_slow_things_outside_stop_nobody(self, clock: RealClock):
        done, release = threading.Event(), threading.Event()
        begun = time.monotonic()
        clock.outside(lambda: release.wait(5))
        clock.after(0.01, done.set)
        assert done.wait(5) and time.monotonic() - begun < 4
        release.set()

    def test_a_stopped_one_runs_nothing(self, clock: RealClock):
        done = threading.Event()
        clock.stop()
        clock.after(0, done.set)
        clock.outside(done.set)
        assert not done.wait(0.1)
