# SPDX-License-Identifier: Apache-2.0
"""Leases for an operator: who holds which worker ID, and ending that."""

import datetime
import functools
import os
import threading
import time

import pytest
import shmflake
from segment_support import until
from shmflake import Code
from shmflake._errors import make
from support import Child, run_python

NO_TTL = 2**63 - 1
UNREACHABLE = "etcd://127.0.0.1:1/ids"


def refused(call, kind, code, words):
    with pytest.raises(kind, match=words) as caught:
        call()
    assert caught.value.code is code
    return str(caught.value)


def calls(name, **options):
    """Each function that asks the store."""
    return (lambda: shmflake.leases(name, **options),
            lambda: shmflake.lease_free(7, name, **options),
            lambda: shmflake.lease_release(name, **options))


def test_a_lease_tells_its_holder_and_horizon(flake, name):
    before = time.time() * 1000
    flake.next()
    status = flake.status()
    (lease,) = shmflake.leases(name)
    assert isinstance(lease, shmflake.Lease)
    assert lease == (7, True, status.instance_id, status.ceiling_unix_ms, NO_TTL,
                     lease.updated_unix_ms, True, False, name, os.uname().nodename)
    assert before - 60_000 < lease.updated_unix_ms < before + 60_000
    assert lease.horizon == status.ceiling and lease.horizon.tzinfo is datetime.timezone.utc
    assert lease.updated.timestamp() * 1000 == pytest.approx(lease.updated_unix_ms)


def test_those_of_one_namespace_are_listed_ascending(name):
    for worker in (9, 200, 3):
        shmflake.open("%s-%d" % (name, worker), id_namespace=name, worker_id=worker).close()
    listed = shmflake.leases(name, id_namespace=name)
    assert [lease.worker_id for lease in listed] == [3, 9, 200]
    assert [lease.region for lease in listed] == ["%s-%d" % (name, n) for n in (3, 9, 200)]


def test_more_than_there_is_room_for_at_first_are_listed(name):
    for worker in range(70):
        shmflake.open("%s-%d" % (name, worker), id_namespace=name, worker_id=worker).close()
    assert [lease.worker_id for lease in shmflake.leases(name, id_namespace=name)] == list(range(70))


def test_what_is_not_said_is_taken_from_the_region(name, monkeypatch):
    monkeypatch.delenv("SNOWFLAKE_WORKER_ID")
    with shmflake.open(name, id_namespace=name + "-space", worker_id=11):
        assert [lease.worker_id for lease in shmflake.leases(name)] == [11]


def test_a_namespace_without_a_record_has_no_leases(name):
    assert shmflake.leases(name) == []


def test_free_leaves_the_horizon_and_the_next_holder_starts_there(flake, name):
    last = flake.next()
    horizon = shmflake.leases(name)[0].horizon_unix_ms
    assert shmflake.lease_free(7, name) is None
    (lease,) = shmflake.leases(name)
    assert (lease.held, lease.is_free, lease.instance_id, lease.ttl_ms) == (False, True, 0, 0)
    assert (lease.horizon_unix_ms, lease.region) == (horizon, name)
    shmflake.lease_free(worker_id=7, name=name)  # of nobody: nothing happens
    assert shmflake.leases(name)[0] == lease
    flake.close()
    os.remove(os.path.join(os.environ["SHMFLAKE_DIR"], name + ".region"))
    with shmflake.open(name, wait_timeout_ms=30_000) as again:
        assert again.next() > last and again.status().birth_unix_ms >= horizon


def test_release_gives_the_unused_part_back(name):
    with shmflake.open(name, horizon_ms=60_000) as flake:
        last = flake.next()
        horizon = shmflake.leases(name)[0].horizon_unix_ms
        assert shmflake.lease_release(name) is None
        (lease,) = shmflake.leases(name)
        assert not lease.held and lease.horizon_unix_ms < horizon
        assert flake.next() > last  # it follows
    refused(lambda: shmflake.lease_release(name + "-never"), shmflake.RegionError, Code.NOT_FOUND,
            name + "-never")


def test_what_was_never_leased_is_named(flake, name):
    for worker in (8, 256, 2**32 - 1):  # and above the layout's
        refused(lambda: shmflake.lease_free(worker, name), shmflake.RegionError, Code.NOT_FOUND,
                "worker ID %d of" % worker)
    assert shmflake.leases(name)[0].held


@pytest.mark.parametrize("worker, kind, words", [
    (-1, OverflowError, "worker_id must be 0..4294967295: -1"),
    (2**32, OverflowError, "worker_id must be 0..4294967295: 4294967296"),
    (2**70, OverflowError, "worker_id"), ("7", TypeError, "int"), (7.0, TypeError, "int"),
    (None, TypeError, "int")])
def test_a_worker_id_that_is_none_is_refused(flake, name, worker, kind, words):
    with pytest.raises(kind, match=words):
        shmflake.lease_free(worker, name)
    assert shmflake.leases(name)[0].held


def test_wrong_arguments_are_pythons_errors(name):
    for call in (shmflake.leases, shmflake.lease_release,
                 functools.partial(shmflake.lease_free, 7)):
        with pytest.raises(TypeError, match="unknown option 'stoer'"):
            call(name, stoer="sqlite")
        with pytest.raises(TypeError, match="name must be str"):
            call(7)
        refused(lambda: call("a/b"), shmflake.ArgumentError, Code.NAME, "a/b")
        refused(lambda: call(name, config_file="/no/such"), shmflake.ConfigError,
                Code.CONFIG_NOT_FOUND, "/no/such")
    with pytest.raises(TypeError):
        shmflake.lease_free()


@pytest.mark.parametrize("store, code, words", [
    ("paper", Code.STORE_UNKNOWN, "paper"), ("mysql://db", Code.STORE_URL, "database"),
    ("etcd://u:secret@h/x", Code.STORE_URL, "SHMFLAKE_STORE_PASSWORD"),
    ("etcd://h/x?colour=red", Code.STORE_URL, "colour")])
def test_a_store_that_is_not_understood_is_refused(name, store, code, words):
    for call in (*calls(name, store=store), lambda: shmflake.open(name, store=store)):
        assert "secret" not in refused(call, shmflake.LeaseError, code, words)


def test_a_plug_in_that_is_missing_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SHMFLAKE_PLUGIN_DIR", str(tmp_path))
    for call in calls(name, store=UNREACHABLE):
        refused(call, shmflake.LeaseError, Code.STORE_PLUGIN, "store-etcd.so")


def has_plug_in(name):
    try:
        shmflake.leases(name, store=UNREACHABLE, wait_timeout_ms=300)
    except shmflake.LeaseError as error:
        return error.code is not Code.STORE_PLUGIN


def test_a_store_that_is_not_reached_is_an_error_in_time(name, monkeypatch):
    if not has_plug_in(name):
        pytest.skip("no plug-in for etcd beside this build")
    monkeypatch.setenv("SHMFLAKE_STORE_PASSWORD", "geheim")
    for call in calls(name, store="etcd://u@127.0.0.1:1/ids", wait_timeout_ms=300):
        began = time.monotonic()
        said = refused(call, shmflake.LeaseError, Code.STORE_UNAVAILABLE, "127.0.0.1:1")
        assert time.monotonic() - began < 60 and "geheim" not in said


def test_another_store_than_the_regions_is_refused(flake, name):
    refused(lambda: shmflake.leases(name, store=UNREACHABLE), shmflake.RegionError,
            Code.SETTINGS_DIFFER, "sqlite")


class Held:
    """The store of leases, locked by an interpreter of its own until told to let go."""

    CODE = """if True:
        import os, sqlite3, sys, time
        store = sqlite3.connect(os.path.join(os.environ["SHMFLAKE_STATE_DIR"], "leases.db"),
                                isolation_level=None)
        store.execute("BEGIN EXCLUSIVE")
        open(sys.argv[1], "w").close()
        while not os.path.exists(sys.argv[2]):
            time.sleep(0.005)
    """

    def __init__(self, place):
        self.locked, self.release = str(place / "locked"), str(place / "release")
        self.thread = threading.Thread(target=run_python, args=(self.CODE, self.locked, self.release))

    def __enter__(self):
        self.thread.start()
        assert until(lambda: os.path.exists(self.locked))
        return self

    def __exit__(self, *_):
        open(self.release, "w").close()
        self.thread.join()


def test_a_wait_lets_other_threads_run_and_ends_when_the_store_is_free(flake, name, tmp_path):
    found = []
    with Held(tmp_path):
        thread = threading.Thread(
            target=lambda: found.append(shmflake.leases(name, wait_timeout_ms=60_000)))
        thread.start()
        for _ in range(100):
            flake.next()  # needs the GIL
        assert not found
    thread.join()
    assert found[0][0].region == name


def test_a_store_that_stays_locked_is_an_error_in_time(flake, name, tmp_path):
    with Held(tmp_path):
        for call in calls(name, wait_timeout_ms=50)[:2]:
            refused(call, shmflake.LeaseError, Code.STORE_LOCKED, "leases.db")
    assert shmflake.leases(name)[0].held


def test_a_child_may_ask_as_well(flake, name):
    assert Child(lambda: [lease.worker_id for lease in shmflake.leases(name)]).ids() == [7]


def test_status_and_settings_know_the_lease(flake, name):
    status = flake.status()
    assert (status.lease_ttl_ms, status.host, status.store_url) == (0, os.uname().nodename, "")
    assert status.store is shmflake.Store.SQLITE
    values = {one.key: (one.value, one.source) for one in shmflake.settings(lease_ttl_ms=90_000)}
    assert values["lease_ttl_ms"] == ("90000", "option")
    for bad in (999, 172_800_001, -1):
        refused(lambda: shmflake.open(name + "x", lease_ttl_ms=bad), shmflake.ArgumentError,
                Code.OPTION, "lease_ttl_ms must be .*: %d" % bad)
    refused(lambda: shmflake.open(name + "x", lease_ttl_ms=0), shmflake.ArgumentError, Code.OPTION,
            "lease_ttl_ms")
    assert [store.name for store in shmflake.Store] == ["NONE", "SQLITE", "MYSQL", "POSTGRES", "ETCD"]


def test_the_codes_of_shared_stores_are_lease_errors():
    for code in (Code.WORKERS_EXHAUSTED, Code.STORE_BACKWARDS):
        assert type(make(code, "x", None)) is shmflake.LeaseError
