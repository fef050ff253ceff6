# SPDX-License-Identifier: Apache-2.0
"""close(): at any moment, from any thread, any number of times."""

import array
import os
import threading

import pytest
import shmflake
from support import Child

USES = {
    "next": lambda flake: flake.next(), "try_next": lambda flake: flake.try_next(),
    "next_n": lambda flake: flake.next_n(3), "next_block": lambda flake: flake.next_block(3),
    "fill": lambda flake: flake.fill(bytearray(8)), "uuid7": lambda flake: flake.uuid7(),
    "uuid7_n": lambda flake: flake.uuid7_n(3), "ulid": lambda flake: flake.ulid(),
    "iter": iter, "__next__": next, "__enter__": lambda flake: flake.__enter__(),
    "observe": lambda flake: flake.observe(1), "watermark": lambda flake: flake.watermark(),
    "decode": lambda flake: flake.decode(1), "bounds": lambda flake: flake.bounds(10**12 * 2),
    "status": lambda flake: flake.status(), "processes": lambda flake: flake.processes(),
    "segment": lambda flake: flake.segment("closed"), "segments": lambda flake: flake.segments(),
}


@pytest.mark.parametrize("use", USES)
def test_a_closed_flake_refuses_every_use(name, use):
    flake = shmflake.open(name)
    assert flake.closed is False and repr(flake) == "<shmflake.Flake open>"
    flake.close()
    flake.close()
    assert flake.closed is True and repr(flake) == "<shmflake.Flake closed>"
    with pytest.raises(ValueError, match="closed"):
        USES[use](flake)


def test_every_method_is_tried_closed():
    others = {"close", "closed", "__exit__"}
    public = {method for method in vars(shmflake.Flake.__base__) | vars(shmflake.Flake)
              if not method.startswith("_")}
    assert public - others <= set(USES)


def test_with_closes_also_after_an_exception(name):
    with pytest.raises(KeyError):
        with shmflake.open(name) as flake:
            raise KeyError
    assert flake.closed
    with shmflake.open(name) as flake:
        flake.close()


def test_a_handle_that_is_forgotten_detaches(name):
    with shmflake.open(name) as flake:
        shmflake.open(name)
        assert len(flake.processes()) == 1


def test_a_call_that_waits_goes_on_when_another_thread_closes(slow):
    ids, errors = [], []

    def draw():
        try:
            while True:
                ids.append(slow.next())
        except ValueError as error:
            errors.append(str(error))

    thread = threading.Thread(target=draw)
    thread.start()
    while len(ids) < 2:  # the third has to wait most of a second
        pass
    slow.close()
    assert slow.closed
    thread.join()
    assert len(ids) >= 2 and errors == ["operation on a closed Flake"]


def test_threads_that_draw_while_others_close_get_ids_or_value_errors(name):
    for round in range(30):
        flake = shmflake.open(name)
        gun = threading.Barrier(7)
        drawn, wrong = [], []

        def use(call):
            gun.wait()
            try:
                while True:
                    drawn.append(call())
            except ValueError:
                pass
            except BaseException as error:
                wrong.append(error)

        ids = array.array("q", bytes(8 * 500))
        calls = [flake.next, flake.uuid7, lambda: flake.next_n(100), lambda: flake.fill(ids),
                 flake.status]
        threads = [threading.Thread(target=use, args=(call,)) for call in calls]
        threads.append(threading.Thread(target=lambda: (gun.wait(), flake.close())))
        for thread in threads:
            thread.start()
        gun.wait()
        flake.close()
        for thread in threads:
            thread.join()
        assert not wrong


def test_a_child_closes_its_own_handle_though_a_thread_was_inside_a_call(slow):
    thread = threading.Thread(target=slow.next_n, args=(4,))
    thread.start()
    while not slow.status().waits:
        pass

    def close():
        held = len(os.listdir("/proc/self/fd"))
        slow.close()
        return [held - len(os.listdir("/proc/self/fd"))]

    freed, = Child(close).ids()
    assert freed > 0
    thread.join()
    assert slow.next()
