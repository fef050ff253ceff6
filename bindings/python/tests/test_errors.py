# SPDX-License-Identifier: Apache-2.0
"""The exceptions: a class for each section of the header, and a code for each rule."""

import pickle

import pytest
import shmflake
from shmflake import Code, _errors

SECTIONS = [(range(-19, 0), shmflake.ArgumentError, ValueError),
            (range(-29, -19), shmflake.ConfigError, shmflake.Error),
            (range(-49, -29), shmflake.SystemFailure, OSError),
            (range(-79, -49), shmflake.RegionError, shmflake.Error),
            (range(-99, -79), shmflake.LeaseError, shmflake.Error),
            (range(-119, -99), shmflake.DrawError, shmflake.Error),
            (range(-139, -119), shmflake.SegmentError, shmflake.Error)]


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_code_has_the_class_of_its_section(code):
    error = _errors.make(int(code), "the message", None)
    (kind, base), = [(kind, base) for codes, kind, base in SECTIONS if code in codes]
    assert isinstance(error, kind) and isinstance(error, base) and isinstance(error, shmflake.Error)
    assert error.code is code and error.name == code.name and str(error) == "the message"
    assert isinstance(error, TimeoutError) == (code is Code.TIMEOUT)
    assert type(error).__module__ == "shmflake"


@pytest.mark.parametrize("code", list(Code))
def test_codes_have_the_library_s_names_and_rules(code):
    assert shmflake.error_name(code) == shmflake.error_name(int(code)) == code.name
    assert shmflake.strerror(code) not in ("", "unknown error")


def test_codes_have_the_header_s_numbers():
    assert (Code.OK, Code.NULL_ARGUMENT, Code.CEILING, Code.EXHAUSTED) == (0, -1, -80, -100)
    assert shmflake.error_name(-999) == "UNKNOWN" and shmflake.strerror(1) == "unknown error"


@pytest.mark.parametrize("code", [Code.COUNT, Code.CEILING, Code.TIMEOUT, Code.NO_SPACE])
def test_an_error_survives_the_way_to_another_process(code):
    error = _errors.make(code, "full: 7", [1, 2])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == "full: 7"
    assert copy.code is code and copy.drawn == [1, 2]


def test_an_error_of_the_system_is_an_os_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match=str(blocked)) as caught:
        shmflake.open("any", directory=blocked)
    assert caught.value.code is Code.DIRECTORY


def test_a_damaged_region_is_a_region_error(name):
    with shmflake.open(name) as flake:
        path = flake.status().path
    with open(path, "r+b") as file:
        file.write(b"nonsense" * 8)
    with pytest.raises(shmflake.RegionError) as caught:
        shmflake.open(name)
    assert caught.value.name == "MAGIC" and path in str(caught.value)


def test_the_version_is_the_library_s():
    assert shmflake.__version__ == shmflake.version()
    assert all(part.isdigit() for part in shmflake.version().split("."))
