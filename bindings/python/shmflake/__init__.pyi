# SPDX-License-Identifier: Apache-2.0
# The types. The docstrings are at run time: help(shmflake).
import datetime as _datetime
import os
import uuid
from _typeshed import ReadableBuffer, WriteableBuffer
from collections.abc import Callable
from enum import IntEnum
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, SupportsIndex

from typing_extensions import Literal, Self, TypeAlias

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Log: TypeAlias = Callable[[int, str, dict[str, str]], object]
_Reserve: TypeAlias = Callable[[str, int], tuple[SupportsIndex, SupportsIndex] | range]
_FormName: TypeAlias = Literal["decimal", "hex", "base36", "base58", "base62", "crockford32"]

__version__: str

__all__ = [
    "next_id", "uuid7", "ulid", "open", "Flake", "Segment", "retire", "settings", "layouts",
    "decode_layout", "store_init", "leases", "lease_free", "lease_release",
    "format", "parse", "format_uuid", "parse_uuid", "format_ulid", "parse_ulid", "mask", "unmask",
    "Error", "ArgumentError", "ConfigError", "SystemFailure", "BusyError", "RegionError",
    "LeaseError", "DrawError", "SegmentError", "Code", "strerror", "error_name", "version", "Parts",
    "Bounds", "Process", "Setting", "Layout", "Status", "SegmentStatus", "Lease", "Form",
    "LogLevel", "Ordering", "Source", "Store",
]

def next_id() -> int: ...
def uuid7() -> uuid.UUID: ...
def ulid() -> str: ...

class Flake:
    # `options` are those of open().
    def __new__(cls, name: str | None = ..., **options: Any) -> Self: ...
    @property
    def closed(self) -> bool: ...
    def next(self) -> int: ...
    def try_next(self) -> int: ...
    def next_n(self, __n: SupportsIndex) -> list[int]: ...
    def fill(self, __buffer: WriteableBuffer) -> int: ...
    def next_block(self, __want: SupportsIndex) -> range: ...
    def uuid7(self) -> uuid.UUID: ...
    def uuid7_n(self, __n: SupportsIndex) -> list[uuid.UUID]: ...
    def ulid(self) -> str: ...
    def observe(self, id: SupportsIndex) -> None: ...
    def watermark(self) -> int: ...
    def decode(self, id: SupportsIndex) -> Parts: ...
    def bounds(self, instant: _datetime.datetime | SupportsIndex) -> Bounds: ...
    def status(self) -> Status: ...
    def processes(self) -> list[Process]: ...
    def segment(
        self,
        tag: str,
        *,
        store: str | None = ...,
        create: bool | None = ...,
        prefetch_percent: SupportsIndex | None = ...,
        step: SupportsIndex | None = ...,
        min_step: SupportsIndex | None = ...,
        max_step: SupportsIndex | None = ...,
        reserve: _Reserve | None = ...,
    ) -> Segment: ...
    def segments(self) -> list[SegmentStatus]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> int: ...
    def __reduce__(self) -> NoReturn: ...

class Segment:
    # `options` are those of Flake.segment().
    def __new__(cls, __flake: Flake, __tag: str, **options: Any) -> Self: ...
    @property
    def closed(self) -> bool: ...
    @property
    def tag(self) -> str: ...
    def next_id(self) -> int: ...
    def next_n(self, __n: SupportsIndex) -> list[int]: ...
    def fill(self, __buffer: WriteableBuffer) -> int: ...
    def status(self) -> SegmentStatus: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> int: ...
    def __reduce__(self) -> NoReturn: ...

def open(
    name: str | None = ...,
    *,
    config_file: _Path | None = ...,
    directory: _Path | None = ...,
    state_directory: _Path | None = ...,
    id_namespace: str | None = ...,
    store: str | None = ...,
    group: str | None = ...,
    mode: SupportsIndex | None = ...,
    worker_id: SupportsIndex | None = ...,
    timestamp_bits: SupportsIndex | None = ...,
    worker_id_bits: SupportsIndex | None = ...,
    machine_bits: SupportsIndex | None = ...,
    sequence_bits: SupportsIndex | None = ...,
    tick_us: SupportsIndex | None = ...,
    epoch_ms: SupportsIndex | None = ...,
    ordering: Literal["strict", "relaxed"] | None = ...,
    max_backward_ms: SupportsIndex | None = ...,
    max_forward_ms: SupportsIndex | None = ...,
    max_recovery_ms: SupportsIndex | None = ...,
    horizon_ms: SupportsIndex | None = ...,
    wait_timeout_ms: SupportsIndex | None = ...,
    background_thread: bool | None = ...,
    sigbus_guard: bool | None = ...,
    attach_only: bool | None = ...,
    log_level: SupportsIndex | None = ...,
    log: _Log | None = ...,
    layout: str | None = ...,
    segment_store: str | None = ...,
    lease_ttl_ms: SupportsIndex | None = ...,
) -> Flake: ...

# `options` are those of open().
def retire(name: str | None = ..., **options: Any) -> None: ...
def settings(name: str | None = ..., **options: Any) -> list[Setting]: ...
def store_init(url: str | None = ..., **options: Any) -> None: ...
def leases(name: str | None = ..., **options: Any) -> list[Lease]: ...
def lease_free(worker_id: SupportsIndex, name: str | None = ..., **options: Any) -> None: ...
def lease_release(name: str | None = ..., **options: Any) -> None: ...
def layouts() -> list[Layout]: ...
def decode_layout(layout: str, id: SupportsIndex) -> Parts: ...
def format(id: SupportsIndex, form: Form | _FormName) -> str: ...
def parse(text: str, form: Form | _FormName) -> int: ...
def format_uuid(value: uuid.UUID | ReadableBuffer) -> str: ...
def parse_uuid(text: str) -> uuid.UUID: ...
def format_ulid(value: uuid.UUID | ReadableBuffer) -> str: ...
def parse_ulid(text: str) -> bytes: ...
def mask(key: ReadableBuffer, id: SupportsIndex) -> int: ...
def unmask(key: ReadableBuffer, masked: SupportsIndex) -> int: ...
def strerror(code: int) -> str: ...
def error_name(code: int) -> str: ...
def version() -> str: ...

class Error(Exception):
    code: Code
    drawn: Any
    def __init__(self, message: str, code: int, drawn: Any = ...) -> None: ...
    @property
    def name(self) -> str: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

class ArgumentError(Error, ValueError): ...
class ConfigError(Error): ...
class SystemFailure(Error, OSError): ...  # type: ignore[misc]
class BusyError(SystemFailure, TimeoutError): ...  # type: ignore[misc]
class RegionError(Error): ...
class LeaseError(Error): ...
class DrawError(Error): ...
class SegmentError(Error): ...

class Parts(NamedTuple):
    unix_ms: int
    unix_ns: int
    timestamp: int
    sequence: int
    worker_id: int
    datacenter_id: int
    machine_id: int
    @property
    def datetime(self) -> _datetime.datetime: ...

class Bounds(NamedTuple):
    lowest: int
    highest: int

class Process(NamedTuple):
    pid: int
    alive: bool
    attached_unix_ms: int
    ids_issued: int
    waits: int
    refusals: int
    command: str
    @property
    def attached(self) -> _datetime.datetime: ...

class Setting(NamedTuple):
    key: str
    value: str
    source: str

class Layout(NamedTuple):
    name: str
    about: str
    epoch_ms: int
    until_unix_ms: int
    id_bits: int
    timestamp_bits: int
    datacenter_bits: int
    machine_bits: int
    sequence_bits: int
    tick_us: int
    worker_last: bool

class Status(NamedTuple):
    name: str
    id_namespace: str
    path: str
    instance_id: int
    created_unix_ms: int
    epoch_ms: int
    layout_version: int
    tick_us: int
    timestamp_bits: int
    datacenter_bits: int
    machine_bits: int
    sequence_bits: int
    worker_id: int
    worker_id_source: Source
    worker_id_source_name: str
    worker_id_guaranteed_unique: bool
    survives_region_loss: bool
    store: Store
    ordering: Ordering
    max_backward_ms: int
    horizon_ms: int
    region_size: int
    birth_unix_ms: int
    retired: bool
    lost: bool
    last_id: int
    last_unix_ms: int
    ahead_ms: int
    ceiling_unix_ms: int
    ceiling_in_ms: int
    years_left: float
    clock_synchronised: int
    tsc_window: bool
    ids_issued: int
    waits: int
    refusals: int
    lease_extensions: int
    lease_failures: int
    clock_rollbacks: int
    clock_forward_jumps: int
    slots: int
    slots_used: int
    last_store_error: str
    layout: str
    worker_last: bool
    id_bits: int
    lease_ttl_ms: int
    host: str
    store_url: str
    @property
    def created(self) -> _datetime.datetime: ...
    @property
    def last(self) -> _datetime.datetime: ...
    @property
    def ceiling(self) -> _datetime.datetime: ...

class Lease(NamedTuple):
    worker_id: int
    held: bool
    instance_id: int
    horizon_unix_ms: int
    ttl_ms: int
    updated_unix_ms: int
    this_host: bool
    is_free: bool
    region: str
    host: str
    @property
    def horizon(self) -> _datetime.datetime: ...
    @property
    def updated(self) -> _datetime.datetime: ...

class SegmentStatus(NamedTuple):
    tag: str
    store: str
    generation: int
    first_id: int
    last_id: int
    next_id: int
    remaining: int
    remaining_next: int
    step: int
    last_fetch_unix_ms: int
    last_fetch_us: int
    fetches: int
    fetch_failures: int
    fetches_unfinished: int
    ids_granted: int
    ids_lost: int
    next_attempt_in_ms: int
    last_error: Code
    failures_in_row: int
    last_error_text: str
    @property
    def last_fetch(self) -> _datetime.datetime | None: ...

class Code(IntEnum):
    OK = 0
    NULL_ARGUMENT = -1
    COUNT = -2
    STRUCT_SIZE = -3
    NAME = -4
    LAYOUT = -5
    WORKER_ID = -6
    OPTION = -7
    ENVIRONMENT = -8
    ID = -9
    TOO_FAR_AHEAD = -10
    INSTANT = -11
    TEXT = -12
    FORM = -13
    BUFFER = -14
    CONFIG_NOT_FOUND = -20
    CONFIG_SYNTAX = -21
    CONFIG_KEY = -22
    CONFIG_TYPE = -23
    CONFIG_VALUE = -24
    DIRECTORY = -30
    STATE_DIRECTORY = -31
    PERMISSION = -32
    READ_ONLY = -33
    NO_SPACE = -34
    NO_MEMORY = -35
    TOO_MANY_FILES = -36
    SYSTEM = -37
    TIMEOUT = -38
    NOT_FOUND = -50
    NOT_REGULAR = -51
    SYMLINK = -52
    HARD_LINK = -53
    OWNER = -54
    MODE = -55
    TRUNCATED = -56
    MAGIC = -57
    OLDER_VERSION = -58
    NEWER_VERSION = -59
    CHECKSUM = -60
    HEADER = -61
    FEATURES = -62
    SETTINGS_DIFFER = -63
    SPLIT_BRAIN = -64
    STATE_CHANGED = -65
    REGION_LOST = -66
    RETIRED = -67
    CEILING = -80
    LEASE_LOST = -81
    RECOVERY = -82
    WORKER_HELD = -83
    STORE_UNKNOWN = -84
    STORE_UNAVAILABLE = -85
    STORE_LOCKED = -86
    STORE_CORRUPT = -87
    STORE_SCHEMA = -88
    STORE_LAYOUT = -89
    STORE_REPLACED = -90
    STORE_URL = -91
    STORE_PLUGIN = -92
    STORE_DENIED = -93
    WORKERS_EXHAUSTED = -94
    STORE_BACKWARDS = -95
    EXHAUSTED = -100
    CLOCK_BEHIND = -101
    CLOCK_JUMP = -102
    TIME_RANGE = -103
    BEFORE_EPOCH = -104
    WOULD_WAIT = -105
    TAG = -120
    TAG_UNKNOWN = -121
    TAGS_FULL = -122
    TAG_STORE = -123
    STEP = -124
    SEGMENT_RANGE = -125
    SEGMENT_BACKWARDS = -126
    SEGMENT_EMPTY = -127
    RESERVE = -128

class Form(IntEnum):
    DECIMAL = 1
    HEX = 2
    BASE36 = 3
    BASE58 = 4
    BASE62 = 5
    CROCKFORD32 = 6

class LogLevel(IntEnum):
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4

class Ordering(IntEnum):
    STRICT = 1
    RELAXED = 2

class Source(IntEnum):
    OPTION = 1
    ENVIRONMENT = 2
    CONFIG_FILE = 3
    LEASE = 4
    STATEFULSET = 5
    HOST_ADDRESS = 6

class Store(IntEnum):
    NONE = 1
    SQLITE = 2
    MYSQL = 3
    POSTGRES = 4
    ETCD = 5
