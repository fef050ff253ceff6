# SPDX-License-Identifier: Apache-2.0
"""Children: by os.fork(), by multiprocessing, in a REPL. Every ID that any of them drew is counted."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading

import pytest
import shmflake
from support import Child, assert_no_repeats, run_python


def test_thousands_of_children_draw_from_what_they_inherited(flake):
    ids = []
    for _ in range(50):
        children = []
        for _ in range(40):
            ids.append(flake.next())
            children.append(Child(lambda: [flake.next(), shmflake.next_id() | 1 << 63,
                                           flake.next(), *flake.next_n(17)]))
            ids.append(flake.next())
        for child in children:
            ids += child.ids()
    assert len(ids) == 50 * 40 * 22
    assert_no_repeats(ids)


FORK_IN_LOG = """
import os, sys, threading, time, shmflake
forked = None
def log(level, event, fields):
    global forked
    if armed and forked is None and event == "lease_extended":
        forked = os.fork()
armed = False
with shmflake.open("forked", horizon_ms=200, log=log, log_level=shmflake.LogLevel.DEBUG) as flake:
    armed = True
    while forked is None:
        ids = DRAW
        time.sleep(0.001)
    if forked == 0:  # a thread of the child's is inside calls when the outer one ends and when it closes
        drawing = threading.Thread(target=lambda: [ids.append(flake.next()) for _ in range(20_000)])
        drawing.start()
        drawing.join()
sys.stdout.write("".join("%d\\n" % id for id in ids))
sys.stdout.flush()
if forked == 0:
    os._exit(0)
assert os.waitpid(forked, 0)[1] == 0
"""


@pytest.mark.parametrize("draw", [
    "[flake.next()]", "flake.next_n(3)", "flake.next_n(9000)", "list(flake.next_block(50))",
    "array.array('Q', (lambda room: (flake.fill(memoryview(room)[1:-7]), bytes(room[1:-7]))[1])"
    "(bytearray(8 * 9001))).tolist()"])
def test_a_log_callable_may_fork(draw):
    ids = run_python("import array\n" + FORK_IN_LOG.replace("DRAW", draw)).split()
    assert len(ids) > 20_000 and len(set(ids)) == len(ids)


def test_uuids_of_children_differ(flake):
    uuids = []
    for _ in range(10):
        children = [Child(lambda: [int.from_bytes(part, "big") for uuid in flake.uuid7_n(20)
                                   for part in (uuid.bytes[:8], uuid.bytes[8:])])
                    for _ in range(20)]
        uuids += [(one.int >> 64, one.int & 2**64 - 1) for one in flake.uuid7_n(20)]
        for child in children:
            halves = child.ids()
            uuids += zip(halves[::2], halves[1::2])
    assert len(uuids) == 10 * 21 * 20
    assert_no_repeats(uuids)
    assert_no_repeats([random for _, random in uuids])


def test_children_of_children_draw(flake):
    def draw(depth):
        ids = [flake.next() for _ in range(50)]
        if depth > 0:
            children = [Child(lambda: draw(depth - 1)) for _ in range(3)]
            ids += [flake.next() for _ in range(50)]
            for child in children:
                ids += child.ids()
        return ids

    assert_no_repeats(draw(4))


def test_a_process_that_draws_in_threads_is_forked(flake):
    stop = threading.Event()
    lists = [[] for _ in range(3)]

    def draw(ids):
        while not stop.is_set():
            ids.append(flake.next())
            ids.extend(flake.next_n(50))

    threads = [threading.Thread(target=draw, args=(ids,)) for ids in lists]
    for thread in threads:
        thread.start()
    try:
        drawn = []
        for _ in range(60):
            drawn += Child(lambda: [flake.next(), *flake.next_n(20), flake.next()]).ids()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert_no_repeats(drawn + [id for ids in lists for id in ids])


def test_a_killed_child_costs_nobody_anything(flake):
    ids = []
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            try:
                while True:
                    flake.next()
            finally:
                os._exit(1)
        ids += [flake.next() for _ in range(200)]
        os.kill(pid, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        ids += [flake.next() for _ in range(200)]
    assert_no_repeats(ids)


def draw_in_a_worker(name):
    """Runs in a process of a pool; spawn and forkserver find it by its name."""
    with shmflake.open(name) as own:
        return [own.next(), *own.next_n(100), shmflake.next_id() | 1 << 63, own.next()]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_by_every_method(method, flake, name):
    shmflake.next_id()  # so that a forked child inherits the default handle
    with multiprocessing.get_context(method).Pool(4) as pool:
        lists = pool.map(draw_in_a_worker, [name] * 40, chunksize=1)
        with pytest.raises(shmflake.ArgumentError, match="a/b") as caught:
            pool.apply(shmflake.open, ("a/b",))
    assert caught.value.code is shmflake.Code.NAME
    ids = [shmflake.next_id() | 1 << 63, *flake.next_n(100)]
    ids += [id for drawn in lists for id in drawn]
    assert len(ids) == 1 + 40 * 103 + 100
    assert_no_repeats(ids)


def test_fork_in_a_repl():
    # In one statement: the child's REPL reads from the same input.
    lines = """
import os, shmflake
ids = [shmflake.next_id() for _ in range(100)]
read, write = os.pipe()
draw = lambda: [shmflake.next_id() for _ in range(100)]
for _ in range(10):
    if os.fork() == 0:
        os.write(write, (repr(draw()) + "+").encode()) and os._exit(0)
    _ = os.wait()
    ids += draw()

ids += eval(os.read(read, 65536) + b"[]")
print("counted", len(ids), len(set(ids)))
"""
    done = subprocess.run([sys.executable, "-i", "-q"], input=lines, capture_output=True, text=True,
                          timeout=60)
    assert "counted 2100 2100" in done.stdout, done.stderr
