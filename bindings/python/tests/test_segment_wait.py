# SPDX-License-Identifier: Apache-2.0
"""A segment's draw that waits for its store: without the GIL, and with signals handled after it."""

import os
import signal
import subprocess
import sys
import threading
import time

import shmflake
from segment_support import locked, until


def test_another_thread_runs_while_the_store_waits(name):
    with shmflake.open(name, wait_timeout_ms=20_000) as flake:
        flake.segment(name + "-first").close()  # so that there is a file to lock
        got = []
        with locked() as store:
            thread = threading.Thread(target=lambda: got.append(flake.segment(name)))
            thread.start()
            assert until(lambda: any(s.fetches_unfinished for s in flake.segments()))
            for _ in range(100_000):  # this thread has the GIL, and that one waits
                pass
            assert thread.is_alive() and not got
            store.execute("ROLLBACK")
            thread.join()
        assert got[0].next_id() == 1


def test_a_draw_that_waits_for_the_store_lets_go_of_the_gil(name):
    with shmflake.open(name, wait_timeout_ms=20_000) as flake, \
            flake.segment(name, step=2, max_step=2, prefetch_percent=90) as segment:
        got = []
        with locked() as store:
            segment.next_n(2)
            thread = threading.Thread(target=lambda: got.extend(
                (segment.next_id(), *segment.next_n(3))))
            thread.start()
            assert until(lambda: segment.status().fetches_unfinished)
            assert thread.is_alive() and not got
            store.execute("ROLLBACK")
            thread.join()
        assert got == [3, 4, 5, 6]


def test_ctrl_c_is_handled_when_the_call_that_waits_returns(name):
    child = subprocess.Popen([sys.executable, "-c", """
import sqlite3, sys, time, shmflake
sys.path.insert(0, sys.argv[2])
from segment_support import locked
with shmflake.open(sys.argv[1], wait_timeout_ms=1500) as flake, \\
        flake.segment(sys.argv[1], step=2, max_step=2) as segment:
    with locked():
        segment.next_n(2)
        try:
            try:
                print("waiting", flush=True)
                segment.next_id()
            finally:
                time.sleep(0)
        except KeyboardInterrupt:
            print("interrupted", segment.status().last_error.name, flush=True)
    print(segment.next_id())
""", name, os.path.dirname(__file__)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60)[0].split() == ["interrupted", "STORE_LOCKED", "3"]
    assert child.returncode == 0
