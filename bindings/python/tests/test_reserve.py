# SPDX-License-Identifier: Apache-2.0
"""reserve=: a Python callable that segments come from."""

import concurrent.futures
import multiprocessing
import os
import threading

import pytest
import shmflake
from segment_support import Ranges, until
from support import Child, assert_no_repeats, run_python


@pytest.fixture
def hasty(name):
    """A Flake whose draws do not wait long."""
    with shmflake.open(name, wait_timeout_ms=50) as opened:
        yield opened


def test_a_tuple_and_a_range_are_ranges(flake, name):
    answers = [(101, 3), range(200, 203), (300, True), range(400, 401, 7), (500, 2)]
    asked = []

    def reserve(tag, step):
        asked.append((tag, step))
        return answers.pop(0)

    with flake.segment(name, reserve=reserve, step=3, max_step=3) as segment:
        assert [segment.next_id() for _ in range(9)] == [101, 102, 103, 200, 201, 202, 300, 400, 500]
        assert segment.status().store == "callback"
    assert set(asked) == {(name, 3)} and all(type(step) is int for _, step in asked)


def test_the_step_is_doubled_up_to_max_step(flake, name):
    ranges = Ranges()
    with flake.segment(name, reserve=ranges, step=10, max_step=35) as segment:
        assert segment.next_n(200) == list(range(1, 201))
    assert [step for _, step in ranges.asked][:4] == [10, 20, 35, 35]


def test_numbers_of_other_types_are_numbers(flake, name):
    class Seven:
        def __index__(self):
            return 7

    with flake.segment(name, reserve=lambda tag, step: (Seven(), Seven())) as segment:
        assert segment.next_n(7) == [7, 8, 9, 10, 11, 12, 13]


@pytest.mark.parametrize("answer, words", [
    (None, r"TypeError: reserve must return \(first, count\) or a range, not None"),
    (7, "TypeError: .*not 7"), ((1,), "TypeError: "), ((1, 2, 3), "TypeError: "),
    ([1, 2], r"TypeError: .*not \[1, 2\]"), ("ab", "TypeError: .*not 'ab'"), ({}, "TypeError: "),
    ((1.5, 2), "TypeError: 'float'"), (("1", 2), "TypeError: 'str'"), ((1, None), "TypeError: "),
    (range(1, 10, 2), "ValueError: .*step 1"), (range(9, 1, -1), "ValueError: .*step 1"),
    ((-1, 10), "OverflowError: first must be 0..18446744073709551615: -1"),
    ((1, -1), "OverflowError: count must be 0..18446744073709551615: -1"),
    ((2**64, 1), "OverflowError: first must be .*: 18446744073709551616"),
    (range(-5, 5), "OverflowError: first must be .*: -5"), (range(0, 2**64), "OverflowError: "),
    ((1, 0), "0 from 1"), (range(1, 1), "0 from 1"), ((0, 5), "5 from 0"),
    ((1, 1_000_001), "1..1000000 IDs.*1000001 from 1"), ((2**63 - 2, 10), "10 from 9223372036854775806"),
    ((2**64 - 1, 2), "2 from 18446744073709551615"), ((1, 2**64 - 1), "18446744073709551615 from 1"),
])
def test_what_is_no_range_is_refused(hasty, name, answer, words):
    with pytest.raises(shmflake.SegmentError, match=words) as caught:
        hasty.segment(name, reserve=lambda tag, step: answer)
    assert caught.value.code is shmflake.Code.RESERVE and name in str(caught.value)
    assert hasty.segments()[0].ids_granted == 0


def test_a_range_below_the_last_one_is_refused(hasty, name):
    answers = [(100, 5), (50, 5), (104, 5), (105, 5)]
    with hasty.segment(name, reserve=lambda tag, step: answers.pop(0) if answers else (1, 1),
                       prefetch_percent=90) as segment:
        ids = []
        while len(ids) < 10:
            try:
                ids.append(segment.next_id())
            except shmflake.SegmentError as error:
                assert error.code is shmflake.Code.RESERVE
        assert ids == [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]
        with pytest.raises(shmflake.SegmentError, match="between 110 and"):
            segment.next_n(1)


class Trouble(Exception):
    pass


def failing(tag, step):
    raise Trouble("no connection to the ledger")


@pytest.mark.parametrize("draw", [lambda segment: segment.next_id(), lambda segment: segment.next_n(2),
                                  lambda segment: segment.fill(bytearray(16)), next])
def test_what_the_callable_raises_is_the_cause(hasty, name, draw):
    answers = [(1, 2)]
    with hasty.segment(name, prefetch_percent=90,
                       reserve=lambda *asked: answers.pop() if answers else failing(*asked)) as segment:
        segment.next_n(1)
        segment.next_n(1)
        with pytest.raises(shmflake.SegmentError, match="Trouble: no connection to the ledger") as caught:
            draw(segment)
        assert caught.value.code is shmflake.Code.RESERVE
        assert type(caught.value.__cause__) is Trouble
        assert caught.value.__cause__.__traceback__.tb_next is not None
        assert caught.value.drawn in (None, [], 0)
        status = segment.status()
        assert status.last_error is shmflake.Code.RESERVE and "ledger" in status.last_error_text
        assert status.failures_in_row >= 1 and status.fetch_failures == status.failures_in_row
        answers.append((3, 10))
        assert until(lambda: not segment.status().next_attempt_in_ms)
        assert segment.next_n(2) == [3, 4]


def test_a_first_range_that_fails_is_the_cause_too(hasty, name):
    with pytest.raises(shmflake.SegmentError, match=name + ".*Trouble") as caught:
        hasty.segment(name, reserve=failing)
    assert type(caught.value.__cause__) is Trouble


def test_next_n_tells_what_was_drawn_before_the_failure(hasty, name):
    answers = [(1, 5)]
    with hasty.segment(name, reserve=lambda *asked: answers.pop() if answers else failing(*asked)) \
            as segment:
        with pytest.raises(shmflake.SegmentError) as caught:
            segment.next_n(8)
        assert caught.value.drawn == [1, 2, 3, 4, 5]


def test_a_prefetch_that_fails_holds_nobody_up(flake, name):
    answers = [(1, 100)]
    with flake.segment(name, reserve=lambda *asked: answers.pop() if answers else failing(*asked)) \
            as segment:
        assert [segment.next_id() for _ in range(100)] == list(range(1, 101))
        assert segment.status().last_error is shmflake.Code.RESERVE


@pytest.mark.parametrize("words", ["", "é" * 400, "x" * 100 + "\ud800", "line\nline", "a\0b",
                                   "%s%n", "\x1b[31m"])
def test_any_words_come_through(hasty, name, words):
    def reserve(tag, step):
        raise Trouble(words)

    with pytest.raises(shmflake.SegmentError, match="Trouble") as caught:
        hasty.segment(name, reserve=reserve)
    assert "\n" not in str(caught.value) and caught.value.__cause__.args == (words,)
    str(caught.value).encode()


def test_an_exception_that_cannot_say_what_it_is_has_its_name(hasty, name):
    class Mute(Exception):
        def __str__(self):
            raise KeyError

    def reserve(tag, step):
        raise Mute

    with pytest.raises(shmflake.SegmentError, match="Mute"):
        hasty.segment(name, reserve=reserve)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_program_is_passed_on_at_once(flake, name, kind):
    calls = []

    def reserve(tag, step):
        calls.append(step)
        if len(calls) == 2:
            raise kind("now")
        return len(calls) * 1000, 2

    with flake.segment(name, reserve=reserve, prefetch_percent=90) as segment:
        with pytest.raises(kind, match="now"):
            segment.next_n(3)
        assert len(calls) == 2
        assert until(lambda: not segment.status().next_attempt_in_ms)
        assert segment.next_n(2) == [3000, 3001]


def test_an_id_that_was_drawn_is_lost_to_what_ends_the_program(flake, name):
    ranges = Ranges()

    def reserve(tag, step):
        if len(ranges.asked) == 1:
            ranges.asked.append("none")
            raise KeyboardInterrupt
        return ranges(tag, step)

    with flake.segment(name, reserve=reserve, step=10) as segment:
        assert segment.next_id() == 1
        with pytest.raises(KeyboardInterrupt):
            segment.next_id()  # it is past the mark, and fetches
        assert segment.next_id() == 3


@pytest.mark.parametrize("wrong", [1, "reserve", [failing], (1, 2)])
def test_what_cannot_be_called_is_refused(flake, name, wrong):
    with pytest.raises(TypeError, match="reserve must be callable"):
        flake.segment(name, reserve=wrong)


def test_a_callable_of_the_wrong_signature_is_a_type_error_inside(hasty, name):
    with pytest.raises(shmflake.SegmentError, match="TypeError: .*positional argument"):
        hasty.segment(name, reserve=lambda: (1, 1))


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


def test_a_store_and_a_callable_are_too_many(flake, name):
    with pytest.raises(shmflake.ArgumentError, match="not both") as caught:
        flake.segment(name, store="sqlite:", reserve=Ranges())
    assert caught.value.code is shmflake.Code.OPTION
