# SPDX-License-Identifier: Apache-2.0
"""draw_to_file.py FILE COUNT: draws so many IDs and writes them as they lie in memory, 8 bytes each.

Half of them one by one, half of them into a buffer, 1,024 at a time.
"""
import array
import sys

import shmflake


def main(path, count):
    with open(path, "wb") as file, shmflake.open() as flake:
        array.array("Q", [flake.next() for _ in range(count // 2)]).tofile(file)
        left = count - count // 2
        while left > 0:
            ids = array.array("Q", bytes(8 * min(left, 1024)))
            left -= flake.fill(ids)
            ids.tofile(file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
