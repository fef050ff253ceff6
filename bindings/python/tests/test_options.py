# SPDX-License-Identifier: Apache-2.0
"""Options by keyword: each arrives, and bad ones are refused."""

import inspect
import os
import pathlib
import stat

import pytest
import shmflake

TEXTS = ("id_namespace", "store", "group", "layout", "ordering", "segment_store")
PATHS = ("config_file", "directory", "state_directory")
SWITCHES = ("background_thread", "sigbus_guard", "attach_only")
NUMBERS = {"mode": 0o640, "worker_id": 3, "timestamp_bits": 45, "worker_id_bits": 6,
           "machine_bits": 2, "sequence_bits": 10, "tick_us": 500, "epoch_ms": 1_700_000_000_000,
           "max_backward_ms": 20, "max_forward_ms": 30, "max_recovery_ms": 40, "horizon_ms": 5000,
           "wait_timeout_ms": 50, "log_level": 1}


def settings(**options):
    return {setting.key: setting for setting in shmflake.settings(**options)}


@pytest.mark.parametrize("option", [o for o in NUMBERS if o not in ("mode", "log_level")])
def test_every_number_arrives(option):
    together = {"timestamp_bits": 43} if option == "timestamp_bits" else {option: NUMBERS[option]}
    found = settings(**together)[option]
    assert found.value == str(together[option]) and found.source == "option"


def test_mode_and_group_arrive(name):
    with shmflake.open(name, mode=0o640, group=str(os.getgid())) as flake:
        assert stat.S_IMODE(os.stat(flake.status().path).st_mode) == 0o640


@pytest.mark.parametrize("option, value", [("id_namespace", "mine"), ("store", "none"),
                                           ("ordering", "relaxed"), ("layout", "js53"),
                                           ("background_thread", True), ("sigbus_guard", False),
                                           ("segment_store", "sqlite:/tmp/x.db")])
def test_every_text_and_switch_arrives(option, value):
    found = settings(**{option: value})[option]
    assert found.source == "option"
    assert found.value in (value, str(value).lower())


def test_group_arrives():
    with pytest.raises(shmflake.ArgumentError, match="no-such-group"):
        shmflake.settings(group="no-such-group")


@pytest.mark.parametrize("make", [str, os.fsencode, pathlib.Path])
def test_a_path_is_whatever_python_takes_for_one(name, tmp_path, make):
    with shmflake.open(name, directory=make(tmp_path / "a"),
                       state_directory=make(tmp_path / "b")) as flake:
        assert flake.status().path.startswith(str(tmp_path / "a"))
    with pytest.raises(shmflake.ConfigError, match="missing.toml"):
        shmflake.open(name, config_file=make(tmp_path / "missing.toml"))


def test_a_path_that_is_not_utf8_is_passed_on_as_it_is(name, tmp_path):
    place = os.fsencode(tmp_path) + b"/\xff"
    with shmflake.open(name, directory=place) as flake:
        assert os.path.exists(os.path.join(place, os.fsencode(name) + b".region"))
        assert "\\xff" in flake.status().path


def test_a_zero_that_is_meant_is_a_zero(name):
    with shmflake.open(name, worker_id=0, epoch_ms=0, max_backward_ms=0) as flake:
        status = flake.status()
        assert (status.worker_id, status.epoch_ms, status.max_backward_ms) == (0, 0, 0)
        assert status.worker_id_source is shmflake.Source.OPTION


@pytest.mark.parametrize("option", [o for o in NUMBERS
                                    if o not in ("worker_id", "epoch_ms", "max_backward_ms")])
def test_a_zero_that_would_be_the_default_is_refused(name, option):
    with pytest.raises(shmflake.ArgumentError, match=option + " must not be 0"):
        shmflake.open(name, **{option: 0})


def test_none_is_the_default(name):
    keywords = dict.fromkeys(inspect.signature(shmflake.open).parameters)
    del keywords["name"]
    with shmflake.open(name, **keywords) as flake:
        assert flake.status().worker_id == 7


def test_background_thread_and_attach_only_are_switches(name):
    with pytest.raises(shmflake.RegionError) as caught:
        shmflake.open(name, attach_only=True)
    assert caught.value.code is shmflake.Code.NOT_FOUND
    with shmflake.open(name, background_thread=True, attach_only=False) as flake:
        assert flake.next()


def test_a_region_with_other_settings_is_not_attached_to(name):
    with shmflake.open(name, sequence_bits=10):
        with pytest.raises(shmflake.RegionError, match="sequence_bits.*11.*10") as caught:
            shmflake.open(name, sequence_bits=11)
    assert caught.value.name == "SETTINGS_DIFFER"


@pytest.mark.parametrize("call", [shmflake.open, shmflake.Flake, shmflake.retire,
                                  shmflake.settings])
def test_an_unknown_option_is_a_type_error_that_names_it(call):
    with pytest.raises(TypeError, match="woker_id"):
        call("any", woker_id=1)
    with pytest.raises(TypeError):
        call("any", None)


@pytest.mark.parametrize("option", TEXTS)
@pytest.mark.parametrize("value", [1, b"bytes", 1.0, ["sqlite"], True])
def test_a_text_must_be_str(name, option, value):
    with pytest.raises(TypeError, match=option):
        shmflake.open(name, **{option: value})


@pytest.mark.parametrize("option", PATHS)
@pytest.mark.parametrize("value", [1, 1.0, ["/tmp"], True])
def test_a_path_must_be_one(name, option, value):
    with pytest.raises(TypeError):
        shmflake.open(name, **{option: value})


@pytest.mark.parametrize("option", NUMBERS)
def test_a_number_must_be_an_int_that_fits(name, option):
    for value in ("1", 1.0, b"1", [1]):
        with pytest.raises(TypeError):
            shmflake.open(name, **{option: value})
    for value in (2**64, -2**64) + ((-1, 2**32) if option != "epoch_ms" else ()):
        with pytest.raises(OverflowError):
            shmflake.open(name, **{option: value})


@pytest.mark.parametrize("option", SWITCHES)
@pytest.mark.parametrize("value", [1, 0, "on", "off", b"", []])
def test_a_switch_must_be_bool(name, option, value):
    with pytest.raises(TypeError, match=option + " must be bool"):
        shmflake.open(name, **{option: value})


@pytest.mark.parametrize("option", TEXTS + PATHS)
def test_a_nul_character_is_refused(name, option):
    with pytest.raises(ValueError):
        shmflake.open(name, **{option: "a\0b"})


@pytest.mark.parametrize("options, words", [
    ({"worker_id": 256}, "worker_id.*256"),
    ({"sequence_bits": 32}, "sequence_bits.*32"),
    ({"ordering": "chaotic"}, 'ordering.*"strict" or "relaxed".*chaotic'),
    ({"store": "papyrus"}, "papyrus"),
    ({"layout": "nosuch"}, "nosuch"),
    ({"id_namespace": "a/b"}, "a/b"),
    ({"log_level": 9}, "9"),
    ({"segment_store": "papyrus:"}, "papyrus"),
    ({"mode": 0o777}, "777"),
])
def test_the_library_s_refusal_has_the_rule_and_the_value(name, options, words):
    with pytest.raises(shmflake.Error, match=words):
        shmflake.open(name, **options)


@pytest.mark.parametrize("wrong", ["", ".hidden", "a/b", "a b", "x" * 64, "é"])
def test_a_name_that_is_not_allowed_is_refused(wrong):
    for call in (shmflake.open, shmflake.retire):
        with pytest.raises(shmflake.ArgumentError) as caught:
            call(wrong)
        assert caught.value.code is shmflake.Code.NAME


@pytest.mark.parametrize("wrong", [1, b"bytes", ["name"]])
def test_a_name_must_be_str(wrong):
    for call in (shmflake.open, shmflake.retire, shmflake.settings):
        with pytest.raises(TypeError, match="name must be str"):
            call(wrong)
    with pytest.raises(ValueError):
        shmflake.open("a\0b")


def test_a_name_may_be_given_by_keyword(name):
    with shmflake.Flake(name=name) as flake:
        assert flake.status().name == name


def test_settings_says_where_each_comes_from(tmp_path):
    config = tmp_path / "snowflake.toml"
    config.write_text("horizon_ms = 20000\n")
    found = settings(config_file=config, tick_us=2000)
    assert found["horizon_ms"].source == "%s:1" % config
    assert found["tick_us"].source == "option"
    assert found["worker_id"].source == "environment SNOWFLAKE_WORKER_ID"
    config.write_text("no toml")
    with pytest.raises(shmflake.ConfigError) as caught:
        shmflake.settings(config_file=config)
    assert caught.value.name == "CONFIG_SYNTAX"
