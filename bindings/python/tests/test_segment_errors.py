# SPDX-License-Identifier: Apache-2.0
"""What segments refuse: tags, options, stores, rows; each by its code, with the rule and the value."""

import os
import threading

import pytest
import shmflake
from segment_support import Ranges, locked, rows, until
from shmflake import Code


def refused(call, kind, code, words):
    with pytest.raises(kind, match=words) as caught:
        call()
    assert caught.value.code is code and isinstance(caught.value, shmflake.Error)


@pytest.fixture
def hasty(name):
    """A Flake whose draws do not wait long."""
    with shmflake.open(name, wait_timeout_ms=50) as opened:
        yield opened


@pytest.mark.parametrize("tag", ["", "x" * 65, "é" * 33, "a\nb", "a\x7fb", "\t", "a\u0085b"])
def test_a_tag_that_is_not_allowed_is_refused(flake, tag):
    refused(lambda: flake.segment(tag), shmflake.SegmentError, Code.TAG, "tag")


@pytest.mark.parametrize("tag", ["x", "é" * 32, "x" * 64, "订单", "a b", "a/b:c", "\U0001f600" * 16, "'\";--"])
def test_any_other_tag_is_one(flake, tag):
    with flake.segment(tag) as segment:
        first = segment.next_id()  # other regions draw from the same row
        assert segment.next_id() == first + 1
        assert segment.status().tag == segment.tag == tag


@pytest.mark.parametrize("tag", ["a\0b", "\0", "\ud800", "a\udfff"])
def test_a_tag_that_c_cannot_have_is_a_value_error(flake, tag):
    with pytest.raises(ValueError):
        flake.segment(tag)


@pytest.mark.parametrize("tag", [None, 1, b"bytes", ["x"], os])
def test_a_tag_must_be_str(flake, tag):
    with pytest.raises(TypeError, match="tag must be str"):
        flake.segment(tag)


def test_a_region_has_room_for_256_tags(flake, name):
    for i in range(256):
        flake.segment("%s-%d" % (name, i), reserve=Ranges()).close()
    assert len(flake.segments()) == 256
    refused(lambda: flake.segment(name), shmflake.SegmentError, Code.TAGS_FULL, "256 tags.*" + name)
    flake.segment(name + "-7", reserve=Ranges()).close()


@pytest.mark.parametrize("option", ["prefetch_percent", "step", "min_step", "max_step"])
def test_a_zero_that_would_be_the_default_is_refused(flake, name, option):
    refused(lambda: flake.segment(name, **{option: 0}), shmflake.ArgumentError, Code.OPTION,
            option + " must not be 0")


@pytest.mark.parametrize("options, words", [
    ({"prefetch_percent": 91}, "prefetch_percent must be 1..90: 91"),
    ({"step": 1_000_001}, "step must be 1..1000000: 1000001"),
    ({"step": 11, "max_step": 10}, "step must be 1..10: 11"),
    ({"min_step": 11, "max_step": 10}, "min_step must be 1..10: 11"),
    ({"max_step": 1_000_000_001}, "max_step must be 1..1000000000: 1000000001"),
    ({"max_step": 2**64 - 1}, "max_step must be 1..1000000000: 18446744073709551615"),
])
def test_an_option_out_of_its_range_is_refused(flake, name, options, words):
    refused(lambda: flake.segment(name, **options), shmflake.ArgumentError, Code.OPTION, words)


@pytest.mark.parametrize("option, values, kind", [
    ("prefetch_percent", [-1, 2**32], OverflowError), ("step", [-1, 2**64], OverflowError),
    ("step", [1.0, "1", []], TypeError), ("create", [1, 0, "yes", []], TypeError),
    ("store", [1, b"sqlite:", []], TypeError), ("store", ["sqlite:\0", "\ud800"], ValueError),
    ("no_such_option", [1], TypeError)])
def test_an_option_of_a_wrong_type_is_python_s_own_error(flake, name, option, values, kind):
    for value in values:
        for call in (lambda: flake.segment(name, **{option: value}),
                     lambda: shmflake.Segment(flake, name, **{option: value})):
            with pytest.raises(kind):
                call()


def test_a_tag_without_a_row_is_unknown_when_none_is_to_be_created(flake, hasty, name):
    refused(lambda: flake.segment(name, create=False), shmflake.SegmentError, Code.TAG_UNKNOWN, name)
    assert until(lambda: not flake.segments()[0].next_attempt_in_ms)
    assert flake.segment(name, create=True).next_id() == 1


def test_a_tag_of_another_store_is_refused(flake, name, tmp_path):
    flake.segment(name)
    for other in ({"store": "sqlite:%s/x.db" % tmp_path}, {"reserve": Ranges()}):
        refused(lambda: flake.segment(name, **other), shmflake.SegmentError, Code.TAG_STORE, name)


def put_row(name, max_id, step):
    with rows() as store:
        store.execute("INSERT OR REPLACE INTO id_segments (biz_tag, max_id, step) VALUES (?, ?, ?)",
                      (name, max_id, step))


@pytest.mark.parametrize("max_id, step, code", [
    (0, 0, Code.STEP), (0, 1_000_001, Code.STEP), (0, -5, Code.STEP), (-1, 10, Code.SEGMENT_RANGE),
    (2**63 - 5, 10, Code.SEGMENT_RANGE)])
def test_a_row_that_cannot_be_right_is_refused(hasty, name, max_id, step, code):
    hasty.segment(name + "-first").close()  # so that there is a table
    put_row(name, max_id, step)
    refused(lambda: hasty.segment(name), shmflake.SegmentError, code, name)
    assert {status.tag: status for status in hasty.segments()}[name].last_error is code


def test_a_row_that_went_backwards_is_refused_when_its_ids_are_used_up(hasty, name):
    with hasty.segment(name, step=10, max_step=10) as segment:
        put_row(name, 5, 10)
        assert [segment.next_id() for _ in range(10)] == list(range(1, 11))
        refused(segment.next_id, shmflake.SegmentError, Code.SEGMENT_BACKWARDS, name + ".*went backwards.*5.*10")
        put_row(name, 10, 10)
        assert until(lambda: not segment.status().next_attempt_in_ms)
        assert segment.next_id() == 11


def test_a_store_that_stays_locked_is_said_in_its_own_words(hasty, name):
    with hasty.segment(name, step=2, max_step=2) as segment, locked() as store:
        segment.next_n(2)
        refused(segment.next_id, shmflake.LeaseError, Code.STORE_LOCKED, "locked")
        refused(lambda: segment.next_n(1), shmflake.LeaseError, Code.STORE_LOCKED, name)
        assert segment.status().last_error is Code.STORE_LOCKED
        store.execute("ROLLBACK")
        assert until(lambda: not segment.status().next_attempt_in_ms)
        assert segment.next_id() == 3


def draw_too_many(segment):
    try:
        segment.next_n(20)
    except shmflake.SegmentError as error:
        assert error.drawn[:2] == [9, 10]


def test_no_id_in_time_while_another_thread_asks_is_an_empty_segment(hasty, name):
    entered, ready, ranges = threading.Event(), threading.Event(), Ranges()

    def reserve(tag, step):
        if ranges.asked:
            entered.set()
            ready.wait(20)
        return ranges(tag, step)

    with hasty.segment(name, step=10, max_step=10, prefetch_percent=90, reserve=reserve) as segment:
        segment.next_n(8)
        thread = threading.Thread(target=draw_too_many, args=(segment,))
        thread.start()
        assert entered.wait(20)
        refused(lambda: segment.next_n(4), shmflake.SegmentError, Code.SEGMENT_EMPTY, name + ".*50 ms")
        ready.set()
        thread.join()
        assert segment.next_id() > 10


@pytest.mark.parametrize("url, words", [
    ("", "store"), ("papyrus:", "papyrus"), ("mysql://", "database"), ("nonsense", "sqlite:"),
    ("mysql://user:secret@host/db", "password"), ("mysql://host/db?colour=red", "colour")])
def test_a_url_that_is_not_understood_is_refused(flake, name, url, words):
    for call in (lambda: flake.segment(name, store=url), lambda: shmflake.store_init(url)):
        with pytest.raises(shmflake.LeaseError, match=words) as caught:
            call()
        assert caught.value.code is Code.STORE_URL and "secret" not in str(caught.value)


def test_a_plug_in_that_is_missing_is_named(flake, name, tmp_path, monkeypatch):
    monkeypatch.setenv("SHMFLAKE_PLUGIN_DIR", str(tmp_path))
    for call in (lambda: flake.segment(name, store="etcd://127.0.0.1:1/x"),
                 lambda: shmflake.store_init("etcd://127.0.0.1:1/x")):
        refused(call, shmflake.LeaseError, Code.STORE_PLUGIN, "store-etcd.so")


def test_a_store_that_cannot_be_opened_is_named(hasty, name, tmp_path):
    (tmp_path / "x.db").mkdir()
    url = "sqlite:%s/x.db" % tmp_path
    for call in (lambda: hasty.segment(name, store=url),
                 lambda: shmflake.store_init(url, wait_timeout_ms=50)):
        refused(call, shmflake.RegionError, Code.NOT_REGULAR, "x.db")
    (tmp_path / "junk.db").write_bytes(b"junk" * 2000)
    refused(lambda: shmflake.store_init("sqlite:%s/junk.db" % tmp_path), shmflake.LeaseError,
            Code.STORE_CORRUPT, "junk.db")


def test_a_table_of_another_shape_is_refused(hasty, name, tmp_path):
    with rows(tmp_path / "x.db") as store:
        store.execute("CREATE TABLE id_segments (colour TEXT)")
    os.chmod(tmp_path / "x.db", 0o600)
    refused(lambda: hasty.segment(name, store="sqlite:%s/x.db" % tmp_path), shmflake.LeaseError,
            Code.STORE_SCHEMA, "x.db")


def test_store_init_refuses_what_open_refuses():
    with pytest.raises(TypeError, match="woker_id"):
        shmflake.store_init(woker_id=1)
    for url in (1, b"sqlite:", []):
        with pytest.raises(TypeError, match="url must be str"):
            shmflake.store_init(url)
    refused(lambda: shmflake.store_init(config_file="/no/such/file"), shmflake.ConfigError,
            Code.CONFIG_NOT_FOUND, "/no/such/file")
