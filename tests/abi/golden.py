# SPDX-License-Identifier: Apache-2.0
"""What the header, the symbol map, the library and the golden lists say, and how they compare."""

import os
import re
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HEADER = "capi/include/shmflake/shmflake.h"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def golden_lines(path):
    """The words of every line that is no comment."""
    return [line.split() for line in read(path).splitlines() if line and not line.startswith("#")]


def declared_functions(header):
    return set(re.findall(r"\bSHMFLAKE_API\s[^;]*?\b(shmflake_\w+)\(", without_comments(header)))


def mapped_functions(map_text):
    """{(function, node)} of the version script; a pattern counts as a function of that name."""
    text = re.sub(r"#[^\n]*", "", map_text)
    found = set()
    for node, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}", text, re.S):
        for name in re.findall(r"([^\s;:]+);", body.split("local:")[0]):
            found.add((name, node))
    return found


def exported_symbols(library):
    """{(symbol, node)} of the dynamic symbol table, without the nodes' own names."""
    output = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library],
                            check=True, capture_output=True, text=True).stdout
    found = set()
    for line in output.splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":
            symbol, _, node = name.partition("@@" if "@@" in name else "@")
            found.add((symbol, node))
    return found


def header_codes(header):
    return [(name, int(number)) for name, number in
            re.findall(r"\bSHMFLAKE_E_(\w+)\s*=\s*(-?\d+)", without_comments(header))]


def core_codes(text):
    return [(name, int(number)) for name, number in re.findall(r"\bX\((\w+),\s*(-?\d+),", text)]


def golden_codes():
    return [(name, int(number)) for name, number in golden_lines("tests/abi/error_codes.txt")
            if name != "OK"]


def differences(left, right, left_name, right_name):
    """What only one of them has, as sentences."""
    left, right = set(left), set(right)
    return ([f"{x} is in {left_name}, but not in {right_name}" for x in sorted(left - right)] +
            [f"{x} is in {right_name}, but not in {left_name}" for x in sorted(right - left)])


def repeated(codes):
    """A name or a number that occurs twice."""
    wrong = []
    for index, what in enumerate(("name", "number")):
        seen = set()
        for code in codes:
            if code[index] in seen:
                wrong.append(f"the {what} {code[index]} is used twice")
            seen.add(code[index])
    return wrong
