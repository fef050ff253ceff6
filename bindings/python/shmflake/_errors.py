# SPDX-License-Identifier: Apache-2.0
"""The exceptions, one class for each section of the header's codes."""

from shmflake._codes import Code


class Error(Exception):
    """What the library refused, and why: the base of all its exceptions.

    str(error)    the rule that was broken, and the value that broke it
    error.code    the Code, which never changes: Code.CEILING
    error.name    its name: "CEILING"
    error.drawn   what had been drawn before the failure, hence is yours: a list from next_n() and
                  uuid7_n(), the number of valid IDs from fill(), else None
    """

    def __init__(self, message, code, drawn=None):
        super().__init__(message)
        self.code = Code(code)
        self.drawn = drawn

    @property
    def name(self):
        return self.code.name

    def __reduce__(self):  # a worker process sends it to its parent
        return type(self), (str(self), int(self.code), self.drawn)


class ArgumentError(Error, ValueError):
    """What the caller passed: a name, an option, an environment variable, an ID, a text."""


class ConfigError(Error):
    """The configuration file cannot be read, or says something impossible."""


class SystemFailure(Error, OSError):
    """The operating system: a directory, permission, space, memory, too many files."""


class BusyError(SystemFailure, TimeoutError):
    """Another process held a step of create or attach for too long."""


class RegionError(Error):
    """The region file: missing, not ours, damaged, of other settings, lost, retired."""


class LeaseError(Error):
    """The lease of the worker ID and its store; and of a tag's segments the store."""


class DrawError(Error):
    """No ID within wait_timeout_ms: the sequence, the clock or the time range is in the way."""


class SegmentError(Error):
    """A tag's segments: the tag, its row in the store, its reserve callable, or no ID in time.

    When the reserve callable raised, that is its __cause__.
    """


# The lowest code of each section.
_SECTIONS = ((-19, ArgumentError), (-29, ConfigError), (-49, SystemFailure), (-79, RegionError),
             (-99, LeaseError), (-119, DrawError))


def make(code, message, drawn):
    """The exception for a code; the native module raises it."""
    if code == Code.TIMEOUT:
        return BusyError(message, code, drawn)
    for lowest, kind in _SECTIONS:
        if code >= lowest:
            return kind(message, code, drawn)
    return SegmentError(message, code, drawn)


for _class in (Error, ArgumentError, ConfigError, SystemFailure, BusyError, RegionError, LeaseError,
               DrawError, SegmentError):
    _class.__module__ = "shmflake"
