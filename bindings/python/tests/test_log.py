# SPDX-License-Identifier: Apache-2.0
"""log=: a Python callable, called from whatever thread meets the event."""

import gc
import sys
import threading
import weakref

import pytest
import shmflake
from support import run_python


def until(condition):
    """Waits generously; never for a wrong thing to happen."""
    for _ in range(600):
        if condition():
            return True
        threading.Event().wait(0.05)
    return False


def test_events_come_with_level_name_and_fields(name):
    events = []
    with shmflake.open(name, log=lambda *event: events.append(event)):
        pass
    level, event, fields = events[0]
    assert level == shmflake.LogLevel.INFO and event == "region_created"
    assert fields["name"] == name and all(type(value) is str for value in fields.values())


def test_log_level_says_which_are_passed_on(name):
    events = []
    with shmflake.open(name, log=lambda *event: events.append(event),
                       log_level=shmflake.LogLevel.ERROR):
        pass
    assert events == []


def test_retire_logs_too(name):
    shmflake.open(name).close()
    events = []
    shmflake.retire(name, log=lambda level, event, fields: events.append(event))
    assert "region_retired" in events


@pytest.mark.parametrize("wrong", [1, "print", [print]])
def test_what_cannot_be_called_is_refused(name, wrong):
    with pytest.raises(TypeError, match="log must be callable"):
        shmflake.open(name, log=wrong)


def test_what_the_callable_raises_goes_to_the_unraisable_hook(name, monkeypatch):
    caught = []
    monkeypatch.setattr(sys, "unraisablehook",
                        lambda info: caught.append((info.exc_type, str(info.exc_value))))

    def broken(level, event, fields):
        raise KeyError(event)

    with shmflake.open(name, log=broken) as flake:
        assert flake.next()
    assert caught[0] == (KeyError, "'region_created'")


def test_a_callable_of_the_wrong_signature_is_reported_not_raised(name, monkeypatch):
    caught = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: caught.append(info.exc_type))
    with shmflake.open(name, log=lambda: None) as flake:
        assert flake.next()
    assert caught[0] is TypeError


def test_the_background_thread_logs_and_ends_with_the_handle(name):
    threads = set()
    with shmflake.open(name, horizon_ms=400, background_thread=True, log_level=1,
                       log=lambda *event: threads.add(threading.get_ident())) as flake:
        flake.next()
        assert until(lambda: threads - {threading.get_ident()})


def test_the_callable_cannot_use_its_own_handle(name):
    refused = []

    def log(level, event, fields):
        for use in (lambda: flake.next(), lambda: flake.uuid7(), lambda: flake.status(),
                    lambda: flake.fill(bytearray(8)), lambda: flake.next_n(3),
                    lambda: flake.try_next(), lambda: flake.close(), lambda: iter(flake)):
            try:
                use()
                refused.append(False)
            except RuntimeError:
                refused.append(True)

    flake = None
    with shmflake.open(name):
        flake = shmflake.open(name, log=log)  # attaches, which is no event
    shmflake.retire(name)
    flake.next()  # follows, and tells
    flake.close()
    assert len(refused) >= 8 and all(refused)


def test_the_callable_may_use_other_handles(name):
    drawn = []
    with shmflake.open(name + "-other") as other, \
            shmflake.open(name, log=lambda *event: drawn.append(other.next())):
        assert drawn


def test_a_handle_that_only_its_callable_knows_is_collected(name):
    class Owner:
        def __init__(self):
            self.flake = shmflake.open(name, background_thread=True, log=self.log)

        def log(self, level, event, fields):
            pass

    owner = Owner()
    died = weakref.ref(owner.flake)
    del owner
    gc.collect()
    assert died() is None


def test_a_handle_that_dies_in_its_own_callable_harms_nobody():
    assert run_python("""
import gc, threading, weakref, shmflake

class Owner:
    def __init__(self):
        self.flake = shmflake.open("dying", horizon_ms=400, background_thread=True, log_level=1,
                                   log=self.log)
        self.known = False

    def log(self, level, event, fields):
        if getattr(self, "known", False):
            ready.wait(20)
            del self   # the frame's reference; the cycle is garbage but for the caller's
            gc.collect()

ready = threading.Event()
owner = Owner()
owner.flake.next()
died = weakref.ref(owner.flake)
owner.known = True
threading.Event().wait(0.5)
del owner
ready.set()
for _ in range(200):
    gc.collect()
    if died() is None:
        break
    threading.Event().wait(0.05)
print(died() is None)
""") == "True\n"


@pytest.mark.parametrize("ending", ["", "flake.close()", "import sys; sys.exit(0)",
                                    "import atexit; atexit.register(lambda: flake.next())"])
def test_an_interpreter_ends_while_the_background_thread_logs(ending):
    for _ in range(5):
        assert run_python("""
import threading, shmflake
logged = threading.Event()
def log(level, event, fields):
    logged.set()
    [n for n in range(20_000)]   # the GIL is wanted back in the middle
flake = shmflake.open("ending", horizon_ms=200, max_backward_ms=1, background_thread=True,
                      log_level=1, log=log)
flake.next()
logged.wait(20)
print("end")
""" + ending) == "end\n"
