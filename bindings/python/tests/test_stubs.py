# SPDX-License-Identifier: Apache-2.0
"""The types: the stubs say what is there, and help() teaches."""

import os
import pydoc
import re
import subprocess
import sys

import pytest
import shmflake

MODULES = [file[:-3] for file in os.listdir(os.path.dirname(shmflake.__file__))
           if re.fullmatch(r"_[a-z]+\.py", file)]

GOOD = """
import array
import datetime
import uuid
import shmflake

def use() -> None:
    id: int = shmflake.next_id()
    one: uuid.UUID = shmflake.uuid7()
    with shmflake.open("x", worker_id=3, ordering="relaxed", log=lambda level, event, fields: None) as f:
        many: list[int] = f.next_n(3)
        block: range = f.next_block(10)
        count: int = f.fill(array.array("q", [0]))
        when: datetime.datetime = f.decode(id).datetime
        lowest: int = f.bounds(when).lowest
        worker: int = f.status().worker_id
        with f.segment("x", step=10, reserve=lambda tag, step: (1, step)) as segment:
            dense: int = segment.next_id() + segment.next_n(2)[0] + segment.status().remaining
            tags: list[str] = [each.tag for each in f.segments()] + [segment.tag]
        f.segment("y", reserve=lambda tag, step: range(1, 1 + step))
        for each in f:
            text: str = shmflake.format(each, "base62")
            break
    held: list[int] = [lease.worker_id for lease in shmflake.leases("x", store="sqlite")]
    shmflake.lease_free(held[0], "x")
    shmflake.lease_release("x", lease_ttl_ms=60_000)
    ends: datetime.datetime = shmflake.leases()[0].horizon
    try:
        shmflake.retire("x")
    except shmflake.LeaseError as error:
        code: shmflake.Code = error.code
        assert code is shmflake.Code.CEILING
"""

BAD = {"shmflake.open(woker_id=1)": "woker_id", "shmflake.open(ordering='any')": "ordering",
       "shmflake.next_id(1)": "Too many", "shmflake.open().status().nothing": "nothing",
       "shmflake.format(1, 'octal')": "octal", "shmflake.Code.NOTHING": "NOTHING",
       "shmflake.open().segment('x', reserve=lambda tag, step: 1)": "int",
       "shmflake.open().segment(b'x')": "bytes", "shmflake.lease_free('x')": "str",
       "shmflake.leases()[0].nothing": "nothing"}


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Runs a module of mypy over the stubs alone."""
    pytest.importorskip("mypy")
    place = tmp_path_factory.mktemp("mypy")
    private = "\n".join("[mypy-shmflake.%s]\nignore_errors = True" % name for name in MODULES)
    (place / "config").write_text("[mypy]\nshow_traceback = True\n%s\n" % private)
    (place / "allowed").write_text(r"shmflake\.(%s)(\..*)?" % "|".join(MODULES))

    def run(module, *arguments):
        environment = dict(os.environ, MYPYPATH="")
        return subprocess.run([sys.executable, "-m", module, *arguments], cwd=place,
                              env=environment, capture_output=True, text=True, timeout=300)

    return place, run


def test_the_stubs_say_what_is_there(mypy):
    place, run = mypy
    done = run("mypy.stubtest", "shmflake", "--mypy-config-file", "config", "--allowlist",
               "allowed", "--ignore-unused-allowlist")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_type_checker_accepts_good_use_and_refuses_bad(mypy):
    place, run = mypy
    (place / "good.py").write_text(GOOD)
    (place / "bad.py").write_text("import shmflake\n" + "\n".join(BAD) + "\n")
    arguments = ("--strict", "--config-file", "config", "--cache-dir", os.devnull)
    done = run("mypy", *arguments, "good.py", "bad.py")
    assert "good.py" not in done.stdout, done.stdout
    for line, word in enumerate(BAD.values(), 2):
        assert re.search(r"bad\.py:%d: error:.*%s" % (line, word), done.stdout), done.stdout


def test_the_package_is_marked_as_typed():
    place = os.path.dirname(shmflake.__file__)
    assert os.path.exists(os.path.join(place, "py.typed"))


def test_help_teaches():
    text = pydoc.render_doc(shmflake, renderer=pydoc.plaintext)
    for word in ("next_id()", "fork", "SNOWFLAKE_WORKER_ID", "ArgumentError", "max_backward_ms",
                 "BigIntegerField", "wait_timeout_ms"):
        assert word in text, word


@pytest.mark.parametrize("name", [name for name in shmflake.__all__])
def test_everything_public_is_documented(name):
    public = getattr(shmflake, name)
    assert public.__doc__ and public.__module__ == "shmflake"
    if isinstance(public, type):
        for attribute, value in vars(public).items():
            if callable(value) and not attribute.startswith("_"):
                assert value.__doc__, attribute
