# SPDX-License-Identifier: Apache-2.0
"""Nothing that Python code can do with the module crashes the interpreter."""

import gc
import inspect
import itertools
import random

import pytest
import shmflake
from shmflake import _shmflake
from support import run_python


def test_no_flake_can_be_made_without_a_handle():
    with pytest.raises(TypeError):
        object.__new__(shmflake.Flake)
    with pytest.raises(shmflake.ArgumentError):
        shmflake.Flake.__new__(shmflake.Flake, "a/b")


def test_a_flake_whose_class_lost_its_module_is_refused(name):
    class Odd(shmflake.Flake):
        _module = random

    with pytest.raises(TypeError):
        Odd(name)


def test_native_functions_refuse_what_is_no_flake():
    for function in ("status", "processes", "watermark"):
        for wrong in (None, 1, object(), shmflake.Flake, "x"):
            with pytest.raises(TypeError):
                getattr(_shmflake, function)(wrong)
    for wrong in (None, object(), shmflake.Segment):
        for function in (_shmflake.segment_status, _shmflake.segments, shmflake.Segment):
            with pytest.raises(TypeError):
                function(wrong, "x") if function is shmflake.Segment else function(wrong)
    for method in ("next", "uuid7", "close"):
        with pytest.raises(TypeError):
            getattr(shmflake.Flake, method)(object())
    for method in ("next_id", "next_n", "fill", "close"):
        with pytest.raises(TypeError):
            getattr(shmflake.Segment, method)(object(), 1)
    with pytest.raises(TypeError):
        object.__new__(shmflake.Segment)


def test_any_call_with_any_arguments_raises_or_returns(name):
    """Throws odd values at everything public and private; a crash would end the run."""
    odd = [None, True, -1, 0, 1, 2**31, 2**63, 2**64, 1.5, "", "x", "\ud800", "a\0", b"", b"x" * 16,
           bytearray(7), [], {}, object(), range(3), int, shmflake.Code.OK]
    numbers = random.Random(1)
    with shmflake.open(name, wait_timeout_ms=1) as flake, flake.segment(name) as segment:
        targets = [getattr(_shmflake, a) for a in dir(_shmflake) if not a.startswith("_")]
        targets += [getattr(shmflake, a) for a in shmflake.__all__]
        targets += [getattr(flake, a) for a in dir(flake)
                    if not a.startswith("_") and a not in ("close",)]
        targets += [getattr(segment, a) for a in dir(segment)
                    if not a.startswith("_") and a not in ("close", "next_n")]  # it has 2**31
        for target in filter(callable, targets):
            if inspect.isclass(target) and issubclass(target, (tuple, int)):
                continue
            for _ in range(40):
                arguments = [numbers.choice(odd + [flake, segment]) for _ in range(numbers.randrange(4))]
                try:
                    target(*arguments)
                except Exception:
                    pass
        assert flake.next() and segment.next_id()
    shmflake.open().close()  # "default" may have been retired; it comes back
    assert shmflake.next_id()


def test_the_module_can_be_imported_anew_and_the_old_one_goes_on():
    assert run_python("""
import gc, sys, uuid, shmflake
for _ in range(20):
    old, flake = shmflake, shmflake.open("again")
    for name in [name for name in sys.modules if name.startswith("shmflake")]:
        del sys.modules[name]
    import shmflake
    assert shmflake is not old and old.next_id() < shmflake.next_id()
    assert type(old.uuid7()) is uuid.UUID and flake.next() < flake.next()
    try:
        shmflake.open("a/b")
    except shmflake.Error as error:
        assert error.name == "NAME"
    del old
    gc.collect()
    assert flake.uuid7() < flake.uuid7()
print("well")
""") == "well\n"


def test_sub_interpreters_have_a_module_each():
    subinterpreters = pytest.importorskip("_xxsubinterpreters")
    del subinterpreters
    assert run_python("""
import _xxsubinterpreters as interpreters, os, shmflake
code = '''
import os, uuid, shmflake
with shmflake.open("sub") as flake:
    assert type(flake.uuid7()) is uuid.UUID and type(shmflake.uuid7()) is uuid.UUID
    ids = [shmflake.next_id() for _ in range(100)] + [flake.next()] + flake.next_n(100)
try:
    shmflake.open("a/b")
except shmflake.ArgumentError as error:
    ids.append(0)
try:
    shmflake.open("sub", log=print)
except RuntimeError:
    ids.append(1)
with shmflake.open("sub") as flake, flake.segment("sub") as segment:
    ids.append(segment.next_id() - segment.next_id())
    try:
        flake.segment("sub-own", reserve=print)
    except RuntimeError:
        ids.append(2)
kept_segment = shmflake.open("sub").segment("sub")
kept = shmflake.open("sub")   # left open at the end
os.write(%d, (repr(ids[:100]) + "+").encode())
assert ids[-4:] == [0, 1, -1, 2], ids[-4:]
'''
read, write = os.pipe()
shmflake.next_id()
for _ in range(5):
    one = interpreters.create(isolated=False)
    interpreters.run_string(one, code % write)
    interpreters.destroy(one)
ids = eval(os.read(read, 1 << 16) + b"[]") + [shmflake.next_id()]
print(len(ids), len(set(ids)))
""") == "501 501\n"


@pytest.mark.parametrize("wait", ["flake.next()", "flake.next_n(5)", "flake.uuid7()",
                                  "flake.fill(bytearray(8 * 5))", "flake.status()"])
def test_an_interpreter_ends_while_daemon_threads_are_inside_a_call(wait):
    assert run_python("""
import threading, time, shmflake
flake = shmflake.open("daemons", tick_us=10_000, sequence_bits=1, worker_id_bits=4,
                      max_backward_ms=0)
def use():
    while True:
        %s
for _ in range(8):
    threading.Thread(target=use, daemon=True).start()
time.sleep(0.1)
print("end")
""" % wait) == "end\n"


def test_draws_leave_no_references_behind(name):
    firsts = itertools.count(1, 1000)

    def reserve(tag, step):
        first = next(firsts)
        if first % 3000 == 1:
            raise KeyError(tag)
        return first, 20

    def use():
        with shmflake.open(name, log=lambda *event: None) as flake:
            for _ in range(50):
                flake.next(), flake.uuid7(), flake.ulid(), flake.next_n(5), flake.status()
                flake.fill(bytearray(80)), flake.decode(1), flake.uuid7_n(3), flake.next_block(5)
                shmflake.next_id(), shmflake.uuid7()
                with flake.segment(name, reserve=reserve) as segment:
                    segment.next_id(), segment.next_n(5), segment.fill(bytearray(80))
                    segment.status(), flake.segments()
                try:
                    flake.next_n(0)
                except shmflake.Error:
                    pass

    use()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        use()
    gc.collect()
    assert len(gc.get_objects()) - before < 50
