# SPDX-License-Identifier: Apache-2.0
"""A handle: draws, arithmetic, status."""

import copy
import datetime
import itertools
import os
import pickle
import time
import uuid
import weakref

import pytest
import shmflake
from hypothesis import given
from hypothesis import strategies as st
from support import assert_no_repeats

UTC = datetime.timezone.utc


def test_every_way_to_draw_ascends_and_none_repeats(flake):
    ids = [flake.next(), next(flake), flake.__next__(), flake.try_next()]
    ids += itertools.islice(flake, 5)
    ids += flake.next_n(1) + flake.next_n(16) + flake.next_n(17) + flake.next_n(5000)
    ids += flake.next_block(100)
    assert ids == sorted(set(ids))
    assert all(type(id) is int for id in ids)


def test_next_n_gives_as_many_as_were_asked_for(flake):
    for n in (1, 15, 16, 17, 4096, 10_000):
        assert len(flake.next_n(n)) == n


def test_a_block_is_a_range_of_at_most_what_was_wanted(flake):
    block = flake.next_block(64)
    assert type(block) is range and 1 <= len(block) <= 64 and block.step == 1
    assert flake.next() > block[-1]


@pytest.mark.parametrize("method", ["next_n", "next_block", "uuid7_n"])
def test_a_count_must_be_one_or_more(flake, method):
    draw = getattr(flake, method)
    for count in (0, -1, -2**62):
        with pytest.raises(shmflake.ArgumentError, match="must be 1 or more: %d" % count) as caught:
            draw(count)
        assert caught.value.code is shmflake.Code.COUNT
    for count in (2**63, -2**63 - 1, 2**200):
        with pytest.raises(OverflowError):
            draw(count)
    for count in (1.0, "1", None, b"1", [1]):
        with pytest.raises(TypeError):
            draw(count)
    with pytest.raises(TypeError):
        draw()


@pytest.mark.parametrize("method", ["next_n", "uuid7_n"])
def test_more_than_memory_can_hold_is_a_memory_error(flake, method):
    with pytest.raises(MemoryError):
        getattr(flake, method)(2**62)


def test_whatever_is_an_index_is_a_count(flake):
    class Three:
        def __index__(self):
            return 3

    class Broken:
        def __index__(self):
            raise KeyError("mine")

    assert len(flake.next_n(Three())) == 3 and len(flake.next_n(True)) == 1
    with pytest.raises(KeyError, match="mine"):
        flake.next_n(Broken())


def test_uuids_of_one_call_and_of_many_ascend_together(flake):
    uuids = [flake.uuid7(), *flake.uuid7_n(1000), flake.uuid7()]
    assert all(type(one) is uuid.UUID for one in uuids)
    assert uuids == sorted(set(uuids))


def test_ulids_and_uuids_have_one_order(flake):
    drawn = []
    for _ in range(100):
        drawn += [shmflake.parse_ulid(flake.ulid()), flake.uuid7().bytes]
    instants = [sixteen[:6] for sixteen in drawn]
    assert instants == sorted(instants)


def test_what_has_no_id_left_waits_and_draws_on(slow):
    assert_no_repeats([slow.next() for _ in range(2)] + slow.next_n(3))
    assert slow.status().waits > 0


def test_a_wait_that_ends_without_an_id_tells_what_was_drawn(name):
    with shmflake.open(name, tick_us=1_000_000, sequence_bits=1, worker_id_bits=4,
                       max_backward_ms=0, wait_timeout_ms=1) as flake:
        ids = []
        with pytest.raises(shmflake.DrawError) as caught:
            for _ in range(10):
                ids += flake.next_n(1)
        assert caught.value.code is shmflake.Code.EXHAUSTED and caught.value.drawn == []
        with pytest.raises(shmflake.DrawError) as caught:
            for _ in range(1000):
                flake.next_n(1000)
        ids += caught.value.drawn
        with pytest.raises(shmflake.DrawError, match="sequence"):
            for _ in range(10):
                flake.try_next()
        assert_no_repeats(ids)


def test_an_id_tells_when_and_where_it_was_drawn(flake):
    before = datetime.datetime.now(UTC) - datetime.timedelta(milliseconds=20)
    parts = flake.decode(flake.next())
    assert before < parts.datetime < before + datetime.timedelta(seconds=30)
    assert parts.datetime.tzinfo is UTC
    assert parts.unix_ms * 1_000_000 == parts.unix_ns
    assert (parts.worker_id, parts.datacenter_id, parts.machine_id) == (7, 0, 7)


@given(id=st.integers(0, 2**63 - 1))
def test_decode_puts_every_id_together_again(id):
    parts = shmflake.decode_layout("twitter", id)
    assert parts.timestamp << 22 | parts.worker_id << 12 | parts.sequence == id
    assert parts.datetime == (datetime.datetime(2010, 11, 4, 1, 42, 54, 657000, UTC) +
                              datetime.timedelta(milliseconds=parts.timestamp))


def test_decode_refuses_what_is_no_id(flake):
    with pytest.raises(shmflake.ArgumentError) as caught:
        flake.decode(2**63)
    assert caught.value.name == "ID" and str(2**63) in str(caught.value)
    with pytest.raises(OverflowError):
        flake.decode(-1)
    with pytest.raises(OverflowError):
        flake.decode(2**64)
    with pytest.raises(TypeError):
        flake.decode("1")


def test_bounds_hold_the_ids_of_the_instant_between_them(flake):
    id = flake.next()
    when = flake.decode(id)
    for instant in (when.datetime, when.unix_ms,
                    when.datetime.astimezone(datetime.timezone(datetime.timedelta(hours=-5)))):
        lowest, highest = flake.bounds(instant)
        assert lowest <= id <= highest
    assert flake.bounds(when.unix_ms).highest + 1 == flake.bounds(when.unix_ms + 1).lowest


def test_bounds_refuses_what_is_no_instant_of_the_region(flake):
    with pytest.raises(ValueError, match="time zone"):
        flake.bounds(datetime.datetime(2026, 1, 1))
    with pytest.raises(shmflake.ArgumentError) as caught:
        flake.bounds(datetime.datetime(1999, 1, 1, tzinfo=UTC))
    assert caught.value.code is shmflake.Code.INSTANT
    for wrong in (datetime.date(2026, 1, 1), 1.5, "2026-01-01", None):
        with pytest.raises(TypeError):
            flake.bounds(wrong)
    with pytest.raises(OverflowError):
        flake.bounds(2**63)


def test_an_observed_id_is_below_all_later_ones(flake):
    ahead = flake.bounds(int(time.time() * 1000) + 5).highest
    flake.observe(ahead)
    assert flake.next() > ahead
    with pytest.raises(shmflake.ArgumentError) as caught:
        flake.observe(flake.bounds(int(time.time() * 1000) + 60_000).lowest)
    assert caught.value.name == "TOO_FAR_AHEAD"


def test_the_watermark_is_below_all_later_ones(flake):
    assert flake.next() == flake.watermark() < flake.next()


def test_in_relaxed_ordering_there_is_no_watermark(name):
    with shmflake.open(name, ordering="relaxed") as flake:
        flake.next()
        with pytest.raises(shmflake.ArgumentError, match="needs strict ordering") as caught:
            flake.watermark()
    assert caught.value.code == shmflake.Code.OPTION


def test_relaxed_ordering_ascends_in_one_process_and_repeats_nothing(name):
    with shmflake.open(name, ordering="relaxed") as flake:
        ids = [flake.next() for _ in range(1000)] + flake.next_n(1000)
        assert ids == sorted(set(ids))
        assert flake.status().ordering is shmflake.Ordering.RELAXED


def test_status_tells_of_the_region(flake, name):
    drawn = flake.next_n(100)
    status = flake.status()
    assert status.name == name and os.path.exists(status.path)
    assert status.worker_id == 7 and status.worker_id_source is shmflake.Source.ENVIRONMENT
    assert status.store is shmflake.Store.SQLITE
    assert status.ordering is shmflake.Ordering.STRICT
    assert status.ids_issued == 100 and status.last_id == drawn[-1]
    assert status.retired is False and status.lost is False
    assert status.created <= status.last < status.ceiling
    assert status.layout == "default" and status.id_bits == 63
    with pytest.raises(AttributeError):
        status.worker_id = 8


def test_processes_lists_this_one(flake):
    flake.next()
    process, = flake.processes()
    assert process.pid == os.getpid() and process.alive is True and process.ids_issued == 1
    assert process.attached.tzinfo is UTC


def test_a_handle_follows_a_region_that_was_retired(flake, name):
    old = flake.next()
    shmflake.retire(name)
    with pytest.raises(shmflake.RegionError) as caught:
        flake.try_next()
    assert caught.value.name == "RETIRED"
    assert flake.next() > old and flake.uuid7() and flake.ulid()


def test_a_flake_can_be_neither_copied_nor_pickled(flake):
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="in each process"):
            duplicate(flake)


def test_a_flake_can_be_referred_to_weakly_and_has_no_other_attributes(flake):
    assert weakref.ref(flake)() is flake
    with pytest.raises(AttributeError):
        flake.mine = 1


def test_a_subclass_draws_as_a_flake_does(name):
    class Orders(shmflake.Flake):
        def next(self):
            return "order-%d" % super().next()

    with Orders(name) as orders:
        assert orders.next() < orders.next() and len(orders.next_n(3)) == 3
