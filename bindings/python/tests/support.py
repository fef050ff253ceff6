# SPDX-License-Identifier: Apache-2.0
"""What several tests share."""

import array
import os
import subprocess
import sys
import traceback

TESTS = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(os.path.dirname(TESTS)))
EXAMPLES = os.path.join(TREE, "examples", "python")


def run_python(code, *arguments, timeout=60, check=True, **options):
    """Runs code in an interpreter of its own: what it printed. stderr is shown when it fails."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, **options)
    if check:
        assert done.returncode == 0, "status %d\n%s%s" % (done.returncode, done.stdout, done.stderr)
        return done.stdout
    return done


class Child:
    """A child by os.fork() that sends the IDs that `draw` returns, and ends without clean-up."""

    def __init__(self, draw):
        self.read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(self.read)
                with os.fdopen(write, "wb") as pipe:
                    array.array("Q", draw()).tofile(pipe)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(write)

    def ids(self):
        with os.fdopen(self.read, "rb") as pipe:
            drawn = array.array("Q", pipe.read())
        assert os.waitpid(self.pid, 0)[1] == 0
        return drawn.tolist()


def assert_no_repeats(ids):
    assert len(set(ids)) == len(ids)
