# SPDX-License-Identifier: Apache-2.0
"""Leases of worker IDs, for an operator."""

from shmflake import _shmflake
from shmflake._records import Lease


def leases(name=None, **options):
    """Who holds which worker ID in the namespace of the region `name`: a list of Lease.

    It has every worker ID that was ever leased there, ascending. The options are those of open(), of
    which `store` and `id_namespace` matter most; what they leave open is taken from the region, if
    there is one. Raises RegionError (NOT_FOUND) when a store that hosts share does not know the
    namespace, LeaseError with the store's own words, ArgumentError, ConfigError. Thread-safe;
    fork-safe; may wait up to wait_timeout_ms, without the GIL.
    """
    return [Lease(**fields) for fields in _shmflake.leases(name, options)]


def lease_free(worker_id, name=None, **options):
    """End whoever holds the worker ID, so that it can be leased at once: for a host that is gone.

    It is safe also if that host is not: its region draws up to its ceiling, then leases anew, and
    the next holder starts above. A worker ID that nobody holds stays as it is. `worker_id` is an int,
    0..2**worker_id_bits - 1; name and options are those of leases(). Raises RegionError (NOT_FOUND)
    when it was never leased, otherwise as leases(); OverflowError for an int that does not fit into
    32 bits. Thread-safe; fork-safe; may wait up to wait_timeout_ms, without the GIL.
    """
    _shmflake.lease_free(worker_id, name, options)


def lease_release(name=None, **options):
    """End this host in good order: retire the region `name` and give its lease back.

    Where the region is gone already, as after a reboot, the lease that it left in a store which
    hosts share is ended. Raises RegionError (NOT_FOUND) when there is neither; LeaseError
    (WORKER_HELD) when processes still draw from a region that was removed; otherwise as retire() and
    leases(). Thread-safe; fork-safe; may wait up to wait_timeout_ms, without the GIL.
    """
    _shmflake.lease_release(name, options)
