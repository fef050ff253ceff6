# SPDX-License-Identifier: Apache-2.0
"""next_id(), uuid7(), ulid(): no handle, no configuration."""

import concurrent.futures
import os
import pickle
import re
import uuid

import pytest
import shmflake
from support import assert_no_repeats, run_python


def test_next_id_is_an_int_that_ascends():
    ids = [shmflake.next_id() for _ in range(10_000)]
    assert all(type(id) is int and 0 < id < 2**63 for id in ids)
    assert ids == sorted(set(ids))


def test_uuid7_is_what_uuid_UUID_makes_of_its_bytes():
    drawn = [shmflake.uuid7() for _ in range(1000)]
    for one in drawn:
        made = uuid.UUID(bytes=one.bytes)
        assert type(one) is uuid.UUID and one == made and hash(one) == hash(made)
        assert one.is_safe is made.is_safe and repr(one) == repr(made)
        assert one.bytes[6] >> 4 == 7 and one.variant == uuid.RFC_4122
    assert drawn == sorted(set(drawn))
    assert pickle.loads(pickle.dumps(drawn)) == drawn
    with pytest.raises(TypeError):
        drawn[0].int = 1


def test_ulid_is_a_text_that_ascends():
    ulids = [shmflake.ulid() for _ in range(1000)]
    assert all(re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", ulid) for ulid in ulids)
    assert ulids == sorted(set(ulids))


@pytest.mark.parametrize("function", [shmflake.next_id, shmflake.uuid7, shmflake.ulid])
def test_the_functions_are_found_again_by_name(function):
    assert function.__module__ == "shmflake"
    assert function.__qualname__ == function.__name__
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("function", [shmflake.next_id, shmflake.uuid7, shmflake.ulid])
def test_they_take_no_argument(function):
    with pytest.raises(TypeError):
        function(1)
    with pytest.raises(TypeError):
        function(n=1)


def test_threads_that_open_the_default_region_at_once_agree():
    printed = run_python("""
import concurrent.futures, os, threading, shmflake
gun = threading.Barrier(16)
def draw():
    gun.wait()
    return [shmflake.next_id() for _ in range(500)]
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    futures = [pool.submit(draw) for _ in range(16)]
    ids = [id for future in futures for id in future.result()]
with shmflake.open() as flake:
    print(len(ids), len(set(ids)), [process.pid for process in flake.processes()].count(os.getpid()))
""")
    assert printed.split() == ["8000", "8000", "2"]


def test_a_first_use_that_fails_is_tried_again_at_the_next(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("no directory")
    printed = run_python("""
import os, sys, shmflake
for function in (shmflake.next_id, shmflake.uuid7, shmflake.ulid):
    try:
        function()
    except shmflake.SystemFailure as error:
        print(error.name, sys.argv[1] in str(error))
os.unlink(sys.argv[1])
print(shmflake.next_id() > 0)
""", str(blocked), env=dict(os.environ, SHMFLAKE_DIR=str(blocked), SHMFLAKE_STATE_DIR=str(tmp_path / "state")))
    assert printed.split() == ["DIRECTORY", "True"] * 3 + ["True"]


def test_the_environment_s_bad_value_is_named():
    done = run_python("import shmflake; shmflake.next_id()", check=False,
                      env=dict(os.environ, SNOWFLAKE_WORKER_ID="many"))
    assert done.returncode == 1
    assert "shmflake.ArgumentError" in done.stderr and "SNOWFLAKE_WORKER_ID" in done.stderr


def test_threads_never_draw_the_same_id():
    def draw():
        return [shmflake.next_id() for _ in range(20_000)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        lists = [future.result() for future in [pool.submit(draw) for _ in range(8)]]
    assert all(ids == sorted(ids) for ids in lists)
    assert_no_repeats([id for ids in lists for id in ids])
