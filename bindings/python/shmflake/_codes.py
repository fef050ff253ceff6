# SPDX-License-Identifier: Apache-2.0
"""The header's numbers by name."""

from enum import IntEnum

from shmflake import _shmflake

Code = IntEnum("Code", _shmflake.codes, module="shmflake")
Code.__doc__ = """The library's error codes: Error.code. Never renumbered, never reused."""

Form = IntEnum("Form", _shmflake.forms, module="shmflake")
Form.__doc__ = """How an ID is written: for format() and parse(), which take the names, too."""

LogLevel = IntEnum("LogLevel", _shmflake.log_levels, module="shmflake")
LogLevel.__doc__ = """The first argument of a log callable, and the option log_level."""

Source = IntEnum("Source", _shmflake.sources, module="shmflake")
Source.__doc__ = """Where a worker ID came from: Status.worker_id_source."""

Store = IntEnum("Store", _shmflake.stores, module="shmflake")
Store.__doc__ = """Who remembers horizons: Status.store."""

Ordering = IntEnum("Ordering", _shmflake.orderings, module="shmflake")
Ordering.__doc__ = """What is promised about the order of IDs: Status.ordering."""
