# SPDX-License-Identifier: Apache-2.0
"""fill(): anybody's writable memory."""

import array
import mmap

import pytest
import shmflake
from hypothesis import given
from hypothesis import strategies as st
from support import assert_no_repeats


@pytest.fixture(scope="module")
def flake():
    with shmflake.open("fill") as opened:
        yield opened


def test_an_array_of_every_8_byte_integer_is_filled(flake):
    for code in "qQlL":
        for n in (1, 16, 17, 1024):
            ids = array.array(code, bytes(8 * n))
            assert flake.fill(ids) == n
            assert ids.tolist() == sorted(set(ids)) and ids[0] > 0


def test_bytes_are_filled_with_native_integers(flake):
    for room in (bytearray(800), mmap.mmap(-1, 4096), memoryview(bytearray(8))):
        assert flake.fill(room) == len(room) // 8
        ids = memoryview(room).cast("Q").tolist()
        assert ids == sorted(set(ids)) and ids[0] > 0


def test_a_part_is_filled_and_the_rest_left_alone(flake):
    ids = array.array("q", bytes(8 * 100))
    assert flake.fill(memoryview(ids)[10:20]) == 10
    assert [i for i, id in enumerate(ids) if id] == list(range(10, 20))


@given(n=st.integers(1, 3000), offset=st.integers(0, 15))
def test_bytes_that_begin_anywhere_are_filled(flake, n, offset):
    room = bytearray(8 * n + 32)
    assert flake.fill(memoryview(room)[offset:offset + 8 * n]) == n
    ids = memoryview(bytes(room[offset:offset + 8 * n])).cast("Q").tolist()
    assert ids == sorted(set(ids)) and ids[0] > 0
    assert not any(room[:offset]) and not any(room[offset + 8 * n:])


def test_a_matrix_is_filled_row_by_row(flake):
    matrix = memoryview(bytearray(8 * 12)).cast("q", (3, 4))
    assert flake.fill(matrix) == 12
    ids = [id for row in matrix.tolist() for id in row]
    assert ids == sorted(set(ids))


def test_numpy_arrays_are_filled(flake):
    numpy = pytest.importorskip("numpy")
    for kind in ("int64", "uint64"):
        ids = numpy.zeros((8, 32), dtype=kind)
        assert flake.fill(ids) == 256
        assert (numpy.diff(ids.ravel()) > 0).all()
    for wrong in ("float64", "datetime64[ns]", ">i8", "int32", "complex128", "bool"):
        with pytest.raises((TypeError, ValueError)):
            flake.fill(numpy.zeros(8, dtype=wrong))
    with pytest.raises((ValueError, BufferError)):
        flake.fill(numpy.zeros((8, 8), dtype="int64")[:, ::2])


@pytest.mark.parametrize("room", [b"12345678", memoryview(b"12345678"),
                                  memoryview(bytearray(64)).toreadonly()])
def test_what_is_read_only_is_refused(flake, room):
    with pytest.raises(BufferError):
        flake.fill(room)


def test_what_is_not_contiguous_is_refused(flake):
    with pytest.raises(BufferError):
        flake.fill(memoryview(bytearray(64))[::2])
    with pytest.raises(BufferError):
        flake.fill(memoryview(array.array("q", bytes(64)))[::-1])


@pytest.mark.parametrize("code", "hHiIfdu")
def test_other_items_than_8_byte_integers_are_refused(flake, code):
    with pytest.raises(TypeError, match="8-byte integers"):
        flake.fill(array.array(code, [type(array.array(code).typecode)("1")] if code == "u" else [1]))


@pytest.mark.parametrize("size", [1, 7, 9, 4095])
def test_bytes_that_are_no_multiple_of_8_are_refused(flake, size):
    with pytest.raises(ValueError, match="multiple of 8 bytes: %d" % size):
        flake.fill(bytearray(size))


def test_room_for_no_id_is_refused(flake):
    for room in (bytearray(), array.array("q")):
        with pytest.raises(shmflake.ArgumentError) as caught:
            flake.fill(room)
        assert caught.value.code is shmflake.Code.COUNT and caught.value.drawn == 0


@pytest.mark.parametrize("room", [None, 8, "12345678", [0] * 8])
def test_what_has_no_buffer_is_refused(flake, room):
    with pytest.raises(TypeError):
        flake.fill(room)


def test_a_fill_that_ends_early_tells_how_many_are_valid(name):
    with shmflake.open(name, tick_us=1_000_000, sequence_bits=10, worker_id_bits=4,
                       max_backward_ms=0, wait_timeout_ms=1) as flake:
        ids = array.array("q", bytes(8 * 5000))
        with pytest.raises(shmflake.DrawError) as caught:
            flake.fill(ids)
        valid = caught.value.drawn
        assert 0 < valid < 5000 and all(ids[:valid]) and not any(ids[valid:])
        assert_no_repeats(ids[:valid].tolist())
