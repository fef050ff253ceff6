# SPDX-License-Identifier: Apache-2.0
"""What the tests of segments share."""

import contextlib
import os
import sqlite3
import threading


def default_store():
    """The file that "sqlite:" is."""
    return os.path.join(os.environ["SHMFLAKE_STATE_DIR"], "segments.db")


@contextlib.contextmanager
def rows(path=None):
    """The store's table, for an operator's hand."""
    store = sqlite3.connect(path or default_store(), isolation_level=None)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def locked(path=None):
    """The store, as long as somebody else writes to it: rollback() lets it go."""
    with rows(path) as store:
        store.execute("BEGIN IMMEDIATE")
        yield store
        if store.in_transaction:
            store.execute("ROLLBACK")


def until(condition):
    """Waits generously; never for a wrong thing to happen."""
    for _ in range(6000):
        if condition():
            return True
        threading.Event().wait(0.005)
    return False


class Ranges:
    """A reserve callable that gives ranges in turn, and keeps what it was asked for."""

    def __init__(self, first=1):
        self.next = first
        self.asked = []
        self.threads = set()
        self.inside = 0
        self.most_inside = 0

    def __call__(self, tag, step):
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        self.asked.append((tag, step))
        self.threads.add(threading.get_ident())
        first, self.next = self.next, self.next + step
        threading.Event().wait(0.001)  # others may run
        self.inside -= 1
        return first, step


class Trouble(Exception):
    pass


def failing(tag, step):
    raise Trouble("no connection to the ledger")
