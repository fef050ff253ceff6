#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every error code is provoked through the C ABI by a process test that expects it, and said where.

A code that is merely allowed somewhere does not count: the test must fail when another one comes.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Codes that need an injected fault, and why. tests/unit provokes those.
INJECTED = {}

# The calls whose first argument is the code that must come; and the rows of their tables, where a
# part of the message follows the code.
CALLS = ("EXPECT_EQ", "ASSERT_EQ", "Expect", "Refused", "Said", "OpenRefused", "OpenIsRefused",
         "ExpectRefused", "DrawsAreRefused", "ConfigIsRefused", "OpenGives", "OpenUnder", "DrawToTheEnd")
EXPECTED = re.compile(r"\b(?:%s)\(\s*(?:kGood,\s*)?(?:flake\.get\(\),\s*)?SHMFLAKE_E_(\w+)\b"
                      % "|".join(CALLS))
ROW = re.compile(r"[{,]\s*SHMFLAKE_E_(\w+),\s*\"")
COMMENT = re.compile(r"//[^\n]*")


def codes():
    text = (ROOT / "core/error_codes.h").read_text(encoding="utf-8")
    return re.findall(r"^\s*X\((\w+), -\d+,", text, re.M)


def provoked_in(text):
    """The codes that this source of a test expects."""
    text = COMMENT.sub("", text)
    return set(EXPECTED.findall(text)) | set(ROW.findall(text))


def self_check():
    """What the patterns must see, and what they must not."""
    assert provoked_in("EXPECT_EQ(kGood, Refused(\n    SHMFLAKE_E_NAME, x, {}));") == {"NAME"}
    assert provoked_in('{random, SHMFLAKE_E_MODE, "0666"}') == {"MODE"}
    assert not provoked_in("// Expect(SHMFLAKE_E_NAME, x)")
    assert not provoked_in("code == SHMFLAKE_E_NAME || CodesBut({SHMFLAKE_E_MODE})")


def main():
    self_check()
    found = {}
    for path in sorted((ROOT / "tests/process").glob("*_test.cc")):
        for code in provoked_in(path.read_text(encoding="utf-8")):
            found.setdefault(code, []).append(path.stem)
    failed = 0
    names = codes()
    assert len(names) == len(set(names)) >= 59, "core/error_codes.h is not read right"
    for code in names:
        where = found.get(code, [])
        if not where and code not in INJECTED:
            print(f"FAILED no process test provokes {code}")
            failed += 1
        elif where and code in INJECTED:
            print(f"FAILED {code} is provoked by {where}: it needs no injected fault")
            failed += 1
        else:
            print(f"{code:18} {', '.join(where) or 'injected: ' + INJECTED[code]}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
