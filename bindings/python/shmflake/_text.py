# SPDX-License-Identifier: Apache-2.0
"""IDs as text, and hidden IDs: pure functions, safe everywhere, that never block."""

import uuid

from shmflake import _shmflake
from shmflake._codes import Code, Form
from shmflake._errors import ArgumentError

_FORMS = {form.name.lower(): form for form in Form}


def _to_form(form):
    """A Form from its name; a number is the library's to refuse."""
    if not isinstance(form, str):
        return form
    if form not in _FORMS:
        raise ArgumentError('form must be one of %s: "%s"' % (", ".join(_FORMS), form), Code.FORM)
    return _FORMS[form]


def _to_bytes(value):
    return value.bytes if isinstance(value, uuid.UUID) else value


def format(id, form):
    """Write an ID, 0..2**64 - 1, as text.

    `form` is a Form or its name in lower case: "decimal"; "hex" (16 digits), "base36" (13),
    "base58" (11), "base62" (11), "crockford32" (13 digits), all of fixed width, so that the texts
    sort as the IDs do. Raises ArgumentError (FORM) for another.
    """
    return _shmflake.format(id, _to_form(form))


def parse(text, form):
    """Read a text that is one ID in that form and nothing else: an int.

    Raises ArgumentError: TEXT, with the foreign character and its position; FORM.
    """
    return _shmflake.parse(text, _to_form(form))


def format_uuid(value):
    """Write a uuid.UUID or 16 bytes as 8-4-4-4-12 hex digits in lower case."""
    return _shmflake.format_uuid(_to_bytes(value))


def parse_uuid(text):
    """Read a UUID in that form and no other (uuid.UUID() reads several): a uuid.UUID.

    Raises ArgumentError (TEXT), with the foreign character and its position.
    """
    return uuid.UUID(bytes=_shmflake.parse_uuid(text))


def format_ulid(value):
    """Write 16 bytes, or a uuid.UUID's, as a ULID: 26 characters."""
    return _shmflake.format_ulid(_to_bytes(value))


def parse_ulid(text):
    """Read a ULID: 16 bytes. Either case, I and L as 1, O as 0.

    Raises ArgumentError (TEXT), with the foreign character and its position.
    """
    return _shmflake.parse_ulid(text)


def mask(key, id):
    """Hide an ID, 0..2**63 - 1, under a key: another int of 63 bits, without order or time in it.

    `key` is 16 bytes, which should be random (os.urandom(16)) and secret. unmask() with the same key
    gives the ID back, in every version and on every host. No access control: whoever has the key
    can read all of them. Raises ArgumentError (ID), ValueError for another size of key.
    """
    return _shmflake.mask(key, id)


def unmask(key, masked):
    """The ID that mask() hid under the key. Every number unmasks to something."""
    return _shmflake.unmask(key, masked)


def strerror(code):
    """The rule behind a Code or its number; "unknown error" for others."""
    return _shmflake.strerror(code)


def error_name(code):
    """The name of a Code or its number; "UNKNOWN" for others."""
    return _shmflake.error_name(code)


def version():
    """The library's version: "0.1.0"."""
    return _shmflake.version()
