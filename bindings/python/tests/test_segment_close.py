# SPDX-License-Identifier: Apache-2.0
"""Segments and Flakes that are closed: at any moment, by anybody, in any order."""

import gc
import itertools
import os
import threading
import weakref

import pytest
import shmflake
from segment_support import Ranges, locked, until
from support import Child, assert_no_repeats, run_python

USES = {
    "next_id": lambda segment: segment.next_id(), "next_n": lambda segment: segment.next_n(3),
    "fill": lambda segment: segment.fill(bytearray(8)), "status": lambda segment: segment.status(),
    "iter": iter, "__next__": next, "__enter__": lambda segment: segment.__enter__(),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("closed", ["segment", "flake"])
def test_a_closed_segment_refuses_every_use(flake, name, use, closed):
    segment = flake.segment(name)
    for _ in range(2):
        (segment if closed == "segment" else flake).close()
    assert segment.closed is True and repr(segment) == "<shmflake.Segment '%s' closed>" % name
    assert segment.tag == name
    segment.close()
    with pytest.raises(ValueError, match="operation on a closed Segment"):
        USES[use](segment)


def test_every_method_is_tried_closed():
    others = {"close", "closed", "__exit__", "tag"}
    public = {method for method in vars(shmflake.Segment.__base__) | vars(shmflake.Segment)
              if not method.startswith("_")}
    assert public - others <= set(USES)


def test_with_closes_also_after_an_exception(flake, name):
    with pytest.raises(KeyError):
        with flake.segment(name) as segment:
            raise KeyError
    assert segment.closed and not flake.closed


def test_a_flake_closes_all_of_its_segments_and_detaches(name):
    with shmflake.open(name) as watcher:
        flake = shmflake.open(name)
        segments = [flake.segment("%s-%d" % (name, i)) for i in range(20)]
        segments[3].close()
        del segments[7]
        flake.close()
        assert all(segment.closed for segment in segments)
        assert len(watcher.processes()) == 1


def test_a_segment_keeps_its_flake_alive(name):
    with shmflake.open(name) as watcher:
        segment = shmflake.open(name).segment(name)
        gc.collect()
        assert segment.next_id() == 1 and len(watcher.processes()) == 2
        del segment
        assert len(watcher.processes()) == 1


def test_a_cycle_of_flake_segment_and_callable_is_collected(name):
    class Owner:
        def __init__(self):
            self.flake = shmflake.open(name, background_thread=True)
            self.ranges = Ranges()
            self.segment = self.flake.segment(name, reserve=self.reserve)

        def reserve(self, tag, step):
            return self.ranges(tag, step)

    with shmflake.open(name) as watcher:
        owner = Owner()
        assert owner.segment.next_id() == 1
        died = [weakref.ref(each) for each in (owner, owner.flake, owner.segment)]
        del owner
        gc.collect()
        assert [each() for each in died] == [None] * 3
        assert len(watcher.processes()) == 1


def test_a_segment_that_dies_in_its_own_callable_on_the_background_thread_harms_nobody():
    assert run_python("""
import gc, threading, weakref, shmflake

class Owner:
    def __init__(self):
        self.flake = shmflake.open("dying", background_thread=True)
        self.known, self.next = False, 1
        self.segment = self.flake.segment("dying", reserve=self.reserve, step=10, max_step=10)

    def reserve(self, tag, step):
        first, self.next = self.next, self.next + step
        if self.known:
            entered.set()
            ready.wait(20)
            del self   # the frame's reference; the cycle is garbage but for the caller's
            gc.collect()
            left.set()
        return first, step

entered, ready, left = threading.Event(), threading.Event(), threading.Event()
owner = Owner()
died = weakref.ref(owner.segment), weakref.ref(owner.flake)
owner.known = True
owner.segment.next_n(3)
assert entered.wait(20)
del owner
ready.set()
for _ in range(400):
    gc.collect()
    if died[0]() is None and died[1]() is None:
        break
    threading.Event().wait(0.05)
print(died[0]() is None, died[1]() is None, left.wait(20))
""") == "True True True\n"


@pytest.mark.parametrize("victim", ["segment", "flake"])
def test_threads_that_draw_while_others_close_get_ids_or_value_errors(name, victim):
    ids = []
    for round in range(25):
        flake = shmflake.open(name)
        segment = flake.segment(name, step=100, max_step=100)
        gun = threading.Barrier(7)
        wrong = []

        def use(call):
            gun.wait()
            try:
                while True:
                    ids.extend(call())
            except ValueError as error:
                if type(error) is not ValueError:
                    wrong.append(error)
            except BaseException as error:
                wrong.append(error)

        calls = [lambda: [segment.next_id()], lambda: segment.next_n(9), lambda: [next(segment)],
                 lambda: segment.next_n(150), lambda: segment.status() and []]
        target = segment if victim == "segment" else flake
        threads = [threading.Thread(target=use, args=(call,)) for call in calls]
        threads.append(threading.Thread(target=lambda: (gun.wait(), target.close())))
        for thread in threads:
            thread.start()
        gun.wait()
        target.close()
        for thread in threads:
            thread.join()
        assert not wrong
        flake.close()
    assert_no_repeats(ids)


def waiting_draw(name, close):
    """A draw waits for the store while `close` closes: what it got, or why it did not."""
    got = []
    flake = shmflake.open(name, wait_timeout_ms=20_000)
    segment = flake.segment(name, step=2, max_step=2)

    def draw():
        try:
            got.append(segment.next_n(3))
        except Exception as error:
            got.append(error)

    with locked() as store:
        segment.next_n(2)
        thread = threading.Thread(target=draw)
        thread.start()
        assert until(lambda: segment.status().fetches_unfinished)
        close(flake, segment)
        assert segment.closed and thread.is_alive()
        store.execute("ROLLBACK")
        thread.join()
    return flake, got


@pytest.mark.parametrize("close", [lambda flake, segment: segment.close(),
                                   lambda flake, segment: flake.close()])
def test_a_call_that_waits_goes_on_when_another_thread_closes(name, close):
    with shmflake.open(name) as watcher:
        flake, got = waiting_draw(name, close)
        assert got == [[3, 4, 5]]
        flake.close()
        assert len(watcher.processes()) == 1  # the last call detached


def test_a_segment_that_opens_while_its_flake_closes_is_refused(name):
    with shmflake.open(name + "-watch") as watcher:
        watcher.segment(name + "-first").close()
        flake = shmflake.open(name, wait_timeout_ms=20_000)
        got = []

        def open_segment():
            try:
                got.append(flake.segment(name))
            except ValueError as error:
                got.append(str(error))

        with locked() as store:
            thread = threading.Thread(target=open_segment)
            thread.start()
            assert until(lambda: any(each.fetches_unfinished for each in flake.segments()))
            flake.close()
            assert thread.is_alive()
            store.execute("ROLLBACK")
            thread.join()
        assert got == ["operation on a closed Flake"]


@pytest.mark.parametrize("closing", [lambda flake, segment: segment.close(),
                                     lambda flake, segment: flake.close()])
def test_a_child_closes_its_own_though_threads_were_inside_a_call_and_the_callable(name, closing):
    ranges, entered, ready = Ranges(), threading.Event(), threading.Event()

    def reserve(tag, step):
        if ranges.asked:
            entered.set()
            ready.wait(20)
        return ranges(tag, step)

    flake = shmflake.open(name, wait_timeout_ms=20_000)
    segment = flake.segment(name, step=2, max_step=2, reserve=reserve)

    def close():
        held = len(os.listdir("/proc/self/fd"))
        closing(flake, segment)
        flake.close()
        return [held - len(os.listdir("/proc/self/fd")), int(segment.closed)]

    got = []
    thread = threading.Thread(target=lambda: got.extend(segment.next_n(5)))
    thread.start()
    assert entered.wait(20)
    descriptors, closed = Child(close).ids()
    ready.set()
    thread.join()
    assert descriptors > 0 and closed == 1 and got == [1, 2, 3, 4, 5]
    flake.close()


@pytest.mark.parametrize("ending", ["", "segment.close()", "flake.close()", "import sys; sys.exit(0)",
                                    "import atexit; atexit.register(segment.next_id)"])
def test_an_interpreter_ends_while_threads_reserve(ending):
    for background in ("True", "False"):
        assert run_python("""
import itertools, threading, time, shmflake
asked, firsts = threading.Event(), itertools.count(time.time_ns(), 10)  # above the last run's
def reserve(tag, step):
    asked.set()
    [n for n in range(20_000)]   # the GIL is wanted back in the middle
    return next(firsts), 10
flake = shmflake.open("ending", background_thread=%s, wait_timeout_ms=100)
segment = flake.segment("ending", reserve=reserve, step=10, max_step=10)
def draw():
    try:
        while True:
            segment.next_n(3)
    except Exception:
        pass
for _ in range(4):
    threading.Thread(target=draw, daemon=True).start()
asked.wait(20)
print("end")
""" % background + ending).startswith("end\n")


def test_numbers_of_handles_come_and_go(flake, name):
    ids = []
    for i in itertools.count():
        with flake.segment(name) as segment:
            ids += segment.next_n(2)
        if i == 300:
            break
    assert ids == list(range(1, 603))
