# SPDX-License-Identifier: Apache-2.0
"""Every test runs in places of its own: regions and state in temporary directories."""

import itertools
import os
import shutil
import tempfile

import hypothesis
import pytest

for variable in [v for v in os.environ if v.startswith(("SHMFLAKE_", "SNOWFLAKE_"))]:
    del os.environ[variable]
PLACE = tempfile.mkdtemp(prefix="shmflake-pytest-", dir="/dev/shm")
os.environ.update(SHMFLAKE_DIR=os.path.join(PLACE, "regions"),
                  SHMFLAKE_STATE_DIR=os.path.join(PLACE, "state"), SNOWFLAKE_WORKER_ID="7",
                  PYTHONDONTWRITEBYTECODE="1")
OWNER = os.getpid()

import shmflake  # noqa: E402  (the default region is configured by the environment)

hypothesis.settings.register_profile("here", database=None, deadline=None, max_examples=60)
hypothesis.settings.load_profile("here")
_numbers = itertools.count()


def pytest_sessionfinish():
    if os.getpid() == OWNER:  # not in a child that a test forked
        shutil.rmtree(PLACE, ignore_errors=True)


@pytest.fixture
def name():
    """A region that no other test uses."""
    return "test-%d" % next(_numbers)


@pytest.fixture
def flake(name):
    with shmflake.open(name) as opened:
        yield opened


@pytest.fixture
def slow(name):
    """A region of 2 IDs a second, where a second pair has to wait."""
    with shmflake.open(name, tick_us=1_000_000, sequence_bits=1, worker_id_bits=4,
                       max_backward_ms=0, wait_timeout_ms=5000) as opened:
        yield opened
