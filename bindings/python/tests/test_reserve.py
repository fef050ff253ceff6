# SPDX-License-Identifier: Apache-2.0
"""reserve=: a Python callable that segments come from."""

import pytest
import shmflake
from segment_support import Ranges, Trouble, failing, until


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


def test_a_store_and_a_callable_are_too_many(flake, name):
    with pytest.raises(shmflake.ArgumentError, match="not both") as caught:
        flake.segment(name, store="sqlite:", reserve=Ranges())
    assert caught.value.code is shmflake.Code.OPTION
