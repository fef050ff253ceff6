# SPDX-License-Identifier: Apache-2.0
"""IDs as text, hidden IDs, layouts."""

import uuid

import pytest
import shmflake
from hypothesis import given
from hypothesis import strategies as st

FORMS = [form.name.lower() for form in shmflake.Form]
IDS = st.integers(0, 2**64 - 1)
SIXTEEN = st.binary(min_size=16, max_size=16)


@given(id=IDS, form=st.sampled_from(FORMS))
def test_every_id_is_read_as_it_was_written(id, form):
    text = shmflake.format(id, form)
    assert shmflake.parse(text, form) == id
    assert shmflake.format(id, shmflake.Form[form.upper()]) == text


@given(a=IDS, b=IDS, form=st.sampled_from([form for form in FORMS if form != "decimal"]))
def test_texts_sort_as_the_ids_do(a, b, form):
    assert (a < b) == (shmflake.format(a, form) < shmflake.format(b, form))


@given(id=IDS)
def test_decimal_and_hex_are_python_s(id):
    assert shmflake.format(id, "decimal") == str(id)
    assert shmflake.format(id, "hex") == "%016x" % id


@given(text=st.text(max_size=30), form=st.sampled_from(FORMS))
def test_any_text_is_an_id_or_an_error_and_no_crash(text, form):
    try:
        assert 0 <= shmflake.parse(text, form) < 2**64
    except ValueError:
        pass


def test_a_foreign_character_is_named_with_its_position():
    with pytest.raises(shmflake.ArgumentError, match='"!" at position 3') as caught:
        shmflake.parse("ab!", "base62")
    assert caught.value.code is shmflake.Code.TEXT
    with pytest.raises(shmflake.ArgumentError):
        shmflake.parse("18446744073709551616", "decimal")
    with pytest.raises(ValueError):
        shmflake.parse("1\0", "decimal")


def test_an_unknown_form_is_refused():
    for form in ("octal", "", "HEX", 0, 7, -1):
        for call in (lambda: shmflake.format(1, form), lambda: shmflake.parse("1", form)):
            with pytest.raises(shmflake.ArgumentError) as caught:
                call()
            assert caught.value.code is shmflake.Code.FORM
    for form in (None, 1.5, []):
        with pytest.raises(TypeError):
            shmflake.format(1, form)


def test_what_is_no_id_is_refused():
    for id, kind in ((-1, OverflowError), (2**64, OverflowError), ("1", TypeError),
                     (1.0, TypeError)):
        with pytest.raises(kind):
            shmflake.format(id, "hex")
    for text in (1, b"1", None):
        with pytest.raises(TypeError):
            shmflake.parse(text, "hex")


@given(sixteen=SIXTEEN)
def test_uuids_are_written_and_read_as_python_does(sixteen):
    made = uuid.UUID(bytes=sixteen)
    assert shmflake.format_uuid(made) == shmflake.format_uuid(sixteen) == str(made)
    assert shmflake.parse_uuid(str(made).upper()) == made


@given(sixteen=SIXTEEN)
def test_ulids_are_read_as_they_were_written(sixteen):
    text = shmflake.format_ulid(sixteen)
    assert shmflake.parse_ulid(text) == shmflake.parse_ulid(text.lower()) == sixteen
    assert shmflake.format_ulid(uuid.UUID(bytes=sixteen)) == text


def test_texts_that_are_no_uuid_or_ulid_are_refused():
    for text in ("", "{%s}" % uuid.UUID(int=1), uuid.UUID(int=1).hex, "8" + "0" * 25, "0" * 27):
        for read in (shmflake.parse_uuid, shmflake.parse_ulid):
            with pytest.raises(shmflake.ArgumentError) as caught:
                read(text)
            assert caught.value.name == "TEXT"
    for write in (shmflake.format_uuid, shmflake.format_ulid):
        for wrong in (b"", bytes(15), bytes(17)):
            with pytest.raises(ValueError, match="16 bytes: %d" % len(wrong)):
                write(wrong)
        for wrong in ("text", 1, None):
            with pytest.raises(TypeError):
                write(wrong)


@given(key=SIXTEEN, id=st.integers(0, 2**63 - 1))
def test_a_masked_id_is_unmasked_by_its_key(key, id):
    masked = shmflake.mask(key, id)
    assert 0 <= masked < 2**63
    assert shmflake.unmask(key, masked) == shmflake.unmask(bytearray(key), masked) == id


def test_mask_refuses_a_wrong_key_and_what_is_no_id():
    for call in (shmflake.mask, shmflake.unmask):
        with pytest.raises(ValueError, match="key must be 16 bytes: 3"):
            call(b"key", 1)
        with pytest.raises(TypeError):
            call("sixteen letters.", 1)
        with pytest.raises(shmflake.ArgumentError):
            call(bytes(16), 2**63)


def test_layouts_are_those_that_decode_knows():
    layouts = {layout.name: layout for layout in shmflake.layouts()}
    assert {"default", "twitter", "discord", "js53"} <= set(layouts)
    assert layouts["js53"].id_bits == 53 and layouts["default"].worker_last is False
    for name in layouts:
        assert shmflake.decode_layout(name, 1 << 40).timestamp > 0
    with pytest.raises(shmflake.ArgumentError, match="discord") as caught:
        shmflake.decode_layout("nosuch", 1)
    assert caught.value.name == "LAYOUT"
    with pytest.raises(shmflake.ArgumentError):
        shmflake.decode_layout("js53", 2**53)
    assert shmflake.decode_layout("discord", 175928847299117063).unix_ms == 1462015105796
