# SPDX-License-Identifier: Apache-2.0
"""Who calls a reserve callable: threads, the background thread, children; and what it may use."""

import concurrent.futures
import multiprocessing
import os
import threading

import pytest
import shmflake
from segment_support import Ranges, Trouble, failing, until
from support import Child, assert_no_repeats, run_python


def test_threads_share_what_one_of_them_reserves(flake, name):
    ranges = Ranges()

    def draw(many):
        ids = []
        while len(ids) < 3000:
            ids += segment.next_n(5) if many else [segment.next_id()]
        return ids

    with flake.segment(name, reserve=ranges, step=100, max_step=100) as segment, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        lists = list(pool.map(draw, [False, True] * 4))
        assert segment.status().ids_lost == 0
    assert all(ids == sorted(ids) for ids in lists)
    ids = sorted(id for ids in lists for id in ids)
    assert ids == list(range(1, len(ids) + 1))
    assert ranges.most_inside == 1 and len(ranges.asked) >= len(ids) // 100


def test_the_background_thread_reserves(name):
    ranges = Ranges()
    with shmflake.open(name, background_thread=True) as flake, \
            flake.segment(name, reserve=ranges, step=1000, max_step=1000) as segment:
        segment.next_n(200)
        assert until(lambda: len(ranges.asked) == 2)
        assert len(ranges.threads) == 2 and segment.next_n(1000)[-1] == 1200


def test_what_ends_a_program_on_the_background_thread_is_reported(name, monkeypatch):
    caught = []
    monkeypatch.setattr("sys.unraisablehook", lambda info: caught.append(info.exc_type))
    ranges, answers = Ranges(1001), [(1, 1000)]

    def reserve(tag, step):
        if threading.current_thread() is threading.main_thread():
            return answers.pop()
        if not caught:
            raise SystemExit
        return ranges(tag, step)

    with shmflake.open(name, background_thread=True) as flake, \
            flake.segment(name, reserve=reserve, step=1000, max_step=1000) as segment:
        segment.next_n(200)
        assert until(lambda: segment.status().remaining_next)
        assert caught == [SystemExit] and segment.next_n(801)[-1] == 1001


def test_children_reserve_with_what_they_inherited(flake, name):
    context = multiprocessing.get_context("fork")
    top, pids = context.Value("q", 1), context.SimpleQueue()

    def reserve(tag, step):
        with top.get_lock():
            first, top.value = top.value, top.value + step
        pids.put(os.getpid())
        return range(first, first + step)

    with flake.segment(name, reserve=reserve, step=50, max_step=50) as segment:
        ids = segment.next_n(20)
        for _ in range(5):
            children = [Child(lambda: [segment.next_id() for _ in range(60)] + segment.next_n(90))
                        for _ in range(6)]
            for child in children:
                ids += child.ids()
        assert_no_repeats(ids)
        granted, lost = segment.status().ids_granted, segment.status().ids_lost
        assert len(ids) == 20 + 5 * 6 * 150 and set(ids) <= set(range(1, top.value))
        assert granted - lost >= len(ids) and top.value - 1 == granted
    seen = set()
    while not pids.empty():
        seen.add(pids.get())
    assert len(seen) > 1


def test_a_callable_that_forks_gives_its_range_to_the_parent_alone():
    printed = run_python("""
import os, sys, shmflake
forked, next_first, ids = None, 1, []
def reserve(tag, step):
    global forked, next_first
    first, next_first = next_first, next_first + 10
    if first > 1 and forked is None:
        forked = os.fork()
        if forked == 0:
            next_first += 1000
    return first, 10
with shmflake.open("forking") as flake, flake.segment("forking", reserve=reserve) as segment:
    while forked is None:
        drawn = [segment.next_id()]
        ids = drawn if forked == 0 else ids + drawn
    if forked == 0:
        sys.stdout.write("".join("%d\\n" % id for id in ids))
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(forked, 0)[1] == 0
    ids += segment.next_n(30)
    status = segment.status()   # the child's attempt failed: the library did not see the range twice
    assert (status.ids_lost, status.fetch_failures) == (0, 1), status
print(*ids, sep="\\n")
""")
    ids = [int(id) for id in printed.split()]
    assert len(ids) >= 32
    assert_no_repeats(ids)


def test_the_callable_cannot_use_what_it_serves(name):
    refused = []

    def reserve(tag, step):
        for use in (lambda: segment.next_id(), lambda: segment.next_n(3), lambda: segment.close(),
                    lambda: segment.status(), lambda: segment.fill(bytearray(8)),
                    lambda: iter(segment), lambda: flake.next(), lambda: flake.close(),
                    lambda: flake.next_n(3), lambda: flake.segment("x"), lambda: flake.segments()):
            try:
                use()
                refused.append(False)
            except RuntimeError as error:
                refused.append("reserve callable" in str(error))
            except NameError:
                pass
        return ranges(tag, step)

    ranges = Ranges()
    with shmflake.open(name) as flake, flake.segment(name, reserve=reserve, step=5) as segment:
        segment.next_n(20)
        assert segment.next_id()
    assert len(refused) >= 11 and all(refused)


def test_the_callable_may_use_others(name):
    with shmflake.open(name + "-other") as other, other.segment(name) as inner, \
            shmflake.open(name) as flake, \
            flake.segment(name, reserve=lambda tag, step: (inner.next_id() * 1000, 1)) as segment:
        assert segment.next_n(3) == [1000, 2000, 3000] and other.next()


def test_a_callable_within_a_callable_has_causes_of_its_own(name):
    caught = []

    def reserve(tag, step):
        try:
            inner.segment(name, reserve=failing)
        except shmflake.SegmentError as error:
            caught.append(type(error.__cause__))
        raise KeyError("outer")

    with shmflake.open(name + "-inner", wait_timeout_ms=20) as inner, \
            shmflake.open(name, wait_timeout_ms=50) as flake:
        with pytest.raises(shmflake.SegmentError, match="KeyError: 'outer'") as error:
            flake.segment(name, reserve=reserve)
    assert type(error.value.__cause__) is KeyError and set(caught) == {Trouble}
