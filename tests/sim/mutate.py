#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the source that a mutant of mutants.json is compiled from: its file with one text replaced.

usage: mutate.py NAME ROOT OUTPUT

Fails if the text does not stand in the file exactly once: then the core has changed, and the mutant
has to follow it.
"""

import json
import pathlib
import sys


def main(name, root, output):
    table = json.loads((pathlib.Path(__file__).parent / "mutants.json").read_text())
    mutant = next(m for m in table["mutants"] if m["name"] == name)
    source = (pathlib.Path(root) / mutant["file"]).read_text()
    count = source.count(mutant["text"])
    if count != 1:
        return f"mutant {name}: the text must stand in {mutant['file']} once: {count}: {mutant['text']!r}"
    pathlib.Path(output).write_text(source.replace(mutant["text"], mutant["instead"]))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
