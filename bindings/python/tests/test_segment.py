# SPDX-License-Identifier: Apache-2.0
"""Segments: dense IDs of a tag, over threads, children and processes."""

import array
import concurrent.futures
import copy
import datetime
import itertools
import multiprocessing
import os
import pickle
import threading
import time

import pytest
import shmflake
from segment_support import rows
from support import Child, assert_no_repeats, run_python

UTC = datetime.timezone.utc


@pytest.fixture
def segment(flake, name):
    with flake.segment(name) as opened:
        yield opened


def test_every_way_to_draw_goes_on_where_the_last_one_ended(segment):
    ids = [segment.next_id(), next(segment), segment.__next__()]
    ids += itertools.islice(segment, 5)
    for n in (1, 15, 16, 17, 5000):
        ids += segment.next_n(n)
    for n in (1, 16, 17, 3000):
        room = array.array("q", bytes(8 * n))
        assert segment.fill(room) == n
        ids += room
    odd = bytearray(8 * 40 + 1)  # where no uint64_t may lie
    assert segment.fill(memoryview(odd)[1:]) == 40
    ids += memoryview(bytes(odd[1:])).cast("Q")
    assert ids == list(range(1, len(ids) + 1))
    assert all(type(id) is int for id in ids)


def test_single_draws_cross_many_segments_without_a_gap(flake, name):
    with flake.segment(name, step=3, max_step=3) as segment:
        assert [segment.next_id() for _ in range(1000)] == list(range(1, 1001))
        assert [id for _ in range(300) for id in segment.next_n(2)] == list(range(1001, 1601))


def test_a_count_must_be_one_or_more(segment):
    for count in (0, -1, -2**62):
        with pytest.raises(shmflake.ArgumentError, match="must be 1 or more: %d" % count) as caught:
            segment.next_n(count)
        assert caught.value.code is shmflake.Code.COUNT
    with pytest.raises(shmflake.ArgumentError) as caught:
        segment.fill(bytearray())
    assert caught.value.code is shmflake.Code.COUNT and caught.value.drawn == 0
    for count in (2**63, -2**63 - 1):
        with pytest.raises(OverflowError):
            segment.next_n(count)
    for count in (1.0, "1", None):
        with pytest.raises(TypeError):
            segment.next_n(count)
    with pytest.raises(MemoryError):
        segment.next_n(2**62)
    assert segment.next_id() == 1


def test_two_handles_on_a_tag_share_its_segment(flake, name):
    with flake.segment(name) as one, flake.segment(name) as other:
        assert [one.next_id(), other.next_id(), *one.next_n(3), other.next_id()] == [1, 2, 3, 4, 5, 6]
        assert one.status().next_id == other.status().next_id == 7


def test_two_regions_take_turns_at_the_store(name):
    with shmflake.open(name + "-a") as a, shmflake.open(name + "-b") as b, \
            a.segment(name, step=50, max_step=50) as one, b.segment(name) as other:
        ids = [draw.next_id() for _ in range(400) for draw in (one, other)]
        assert_no_repeats(ids)
        assert ids[::2] == sorted(ids[::2]) and ids[1::2] == sorted(ids[1::2])


def test_a_segment_outlives_its_handle(flake, name):
    with flake.segment(name) as first:
        assert first.next_n(5) == [1, 2, 3, 4, 5]
    with flake.segment(name) as second:
        assert second.next_id() == 6


def test_threads_get_every_id_once_and_none_is_left_out(segment):
    def draw(many):
        ids = []
        while len(ids) < 12_000:
            ids += segment.next_n(7) if many else [segment.next_id()]
        return ids

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        lists = list(pool.map(draw, [False, True] * 4))
    assert all(ids == sorted(ids) for ids in lists)
    ids = sorted(id for ids in lists for id in ids)
    assert ids == list(range(1, len(ids) + 1))


def test_children_go_on_with_what_they_inherited(segment):
    ids = [segment.next_id()]
    for _ in range(10):
        children = [Child(lambda: [segment.next_id(), *segment.next_n(20), *segment.next_n(400),
                                   segment.next_id()]) for _ in range(8)]
        ids += segment.next_n(5)
        for child in children:
            drawn = child.ids()
            assert drawn == sorted(drawn)
            ids += drawn
    assert sorted(ids) == list(range(1, 1 + 10 * (5 + 8 * 422) + 1))


def test_a_child_forked_while_threads_draw_repeats_nothing(segment):
    stop = threading.Event()
    lists = [[] for _ in range(3)]

    def draw(ids):
        while not stop.is_set():
            ids.append(segment.next_id())
            ids += segment.next_n(50)
            stop.wait(0.001)  # for the lists do not grow without end

    threads = [threading.Thread(target=draw, args=(ids,)) for ids in lists]
    for thread in threads:
        thread.start()
    try:
        drawn = []
        for _ in range(40):
            drawn += Child(lambda: [segment.next_id(), *segment.next_n(20)]).ids()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    drawn += [id for ids in lists for id in ids]
    assert_no_repeats(drawn)
    assert len(drawn) > 40 * 21


def draw_in_a_worker(name):
    """Runs in a process of a pool; spawn finds it by its name."""
    with shmflake.open(name) as own, own.segment(name) as segment:
        return [segment.next_id(), *segment.next_n(100), segment.next_id()]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools_by_every_method_get_every_id_once(method, segment, name):
    assert segment.next_id() == 1
    with multiprocessing.get_context(method).Pool(3) as pool:
        lists = pool.map(draw_in_a_worker, [name] * 20, chunksize=1)
    ids = sorted(id for ids in lists for id in ids)
    assert ids == list(range(2, 2 + 20 * 102))


FORK_IN_LOG = """
import os, sys, shmflake
forked, armed, ids = None, False, []
def log(level, event, fields):
    global forked
    if armed and forked is None and event == "segment_fetched":
        forked = os.fork()
with shmflake.open("forked", log=log, log_level=1) as flake, \\
        flake.segment(sys.argv[1], step=100, max_step=100) as segment:
    armed = True
    while forked is None:
        drawn = DRAW
        ids = drawn if forked == 0 else ids + drawn
sys.stdout.write("".join("%d\\n" % id for id in ids))
sys.stdout.flush()
if forked == 0:
    os._exit(0)
assert os.waitpid(forked, 0)[1] == 0
"""


@pytest.mark.parametrize("draw", ["[segment.next_id()]", "segment.next_n(13)", "segment.next_n(30)"])
def test_a_log_callable_may_fork_in_a_segment_s_draw(draw, name):
    ids = [int(id) for id in run_python(FORK_IN_LOG.replace("DRAW", draw), name).split()]
    assert len(ids) >= 11
    assert_no_repeats(ids)


def test_status_tells_what_is_left(segment, name):
    ids = segment.next_n(7)
    status = segment.status()
    assert type(status) is shmflake.SegmentStatus and status.tag == name
    assert (status.store, status.generation) == ("sqlite", 1)
    assert (status.first_id, status.last_id, status.next_id) == (ids[0], 1000, 8)
    assert (status.remaining, status.remaining_next, status.step) == (993, 0, 1000)
    assert (status.fetches, status.fetch_failures, status.fetches_unfinished) == (1, 0, 0)
    assert (status.ids_granted, status.ids_lost, status.next_attempt_in_ms) == (1000, 0, 0)
    assert status.last_error is shmflake.Code.OK and status.last_error_text == ""
    assert status.failures_in_row == 0 and status.last_fetch_us > 0
    assert abs(time.time() * 1000 - status.last_fetch_unix_ms) < 60_000
    assert status.last_fetch.tzinfo is UTC
    assert status._replace(last_fetch_unix_ms=0).last_fetch is None
    segment.next_n(150)  # beyond 10 %: the next one, twice as long, is there
    assert (segment.status().fetches, segment.status().remaining_next) == (2, 2000)


def test_segments_lists_the_region_s_tags(flake, name):
    assert flake.segments() == []
    tags = ["%s-%d" % (name, i) for i in range(4)]
    opened = [flake.segment(tag) for tag in tags]
    opened[2].next_n(3)
    listed = {status.tag: status for status in flake.segments()}
    assert sorted(listed) == tags
    assert listed[tags[2]] == opened[2].status() and listed[tags[2]].next_id == 4


def test_every_option_arrives(flake, name, tmp_path):
    store = "sqlite:%s/own.db" % tmp_path
    with flake.segment(name, store=store, create=True, prefetch_percent=50, step=10, min_step=5,
                       max_step=20) as segment:
        assert os.path.exists(tmp_path / "own.db")
        segment.next_n(4)
        assert (segment.status().step, segment.status().remaining_next) == (10, 0)
        assert [segment.next_id() for _ in range(3)] == [5, 6, 7]
        assert (segment.status().step, segment.status().remaining_next) == (20, 20)
    with rows(tmp_path / "own.db") as found:
        assert found.execute("SELECT max_id FROM id_segments WHERE biz_tag = ?",
                             (name,)).fetchone() == (30,)


def test_segment_store_is_where_tags_come_from(name, tmp_path):
    with shmflake.open(name, segment_store="sqlite:%s/set.db" % tmp_path) as flake, \
            flake.segment(name) as segment:
        assert segment.next_id() == 1 and os.path.exists(tmp_path / "set.db")


def test_store_init_makes_the_table(tmp_path):
    shmflake.store_init("sqlite:%s/made.db" % tmp_path)
    shmflake.store_init(segment_store="sqlite:%s/set.db" % tmp_path)
    for file in ("made.db", "set.db"):
        with rows(tmp_path / file) as found:
            assert found.execute("SELECT count(*) FROM id_segments").fetchone() == (0,)


def test_a_retired_region_s_tag_goes_on_above(flake, segment, name):
    before = segment.next_n(10)
    shmflake.retire(name)
    after = segment.next_id()
    assert after > before[-1] and flake.next()


def test_a_segment_can_be_neither_copied_nor_pickled(segment):
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="open one in each process"):
            make(segment)


def test_a_segment_says_which_it_is(segment, name):
    assert segment.tag == name and segment.closed is False
    assert repr(segment) == "<shmflake.Segment '%s' open>" % name
    with pytest.raises(AttributeError):
        segment.tag = "other"
    assert iter(segment) is segment
