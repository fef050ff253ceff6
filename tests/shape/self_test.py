# SPDX-License-Identifier: Apache-2.0
"""A check that cannot fail is no check: every rule is shown trees that break it."""

import os
import tempfile

import rules
import source_tree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def header(guard, body):
    return f"{SPDX}#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"


# A tree that every rule accepts, with what looks wrong but is right.
GOOD = {
    "tests/shape/layers.txt": "0 bits\n1 clock\n2 region\n3 sequence draw\n4 generator\n",
    "core/bits.h": header("SHMFLAKE_CORE_BITS_H_", "// s.load() is #include \"core/generator.h\"\n"
                          "const char* k = \"std::mutex \\\" .load()\"; const int n = 1'000'000;"),
    "core/clock.h": header("SHMFLAKE_CORE_CLOCK_H_", '#include <ctime>\n#include "core/bits.h"'),
    "core/region.cc": SPDX + '#include "core/clock.h"\nstd::mutex m;\n',
    "core/sequence.h": header(
        "SHMFLAKE_CORE_SEQUENCE_H_",
        '#include "core/bits.h"\nint f() {\n  return w.load(\n    std::memory_order_relaxed);\n}\n'
        "bool g() { return w.compare_exchange_weak(o, F(1), std::memory_order_relaxed,\n"
        "                                          std::memory_order_relaxed); }"),
    "core/generator.cc": SPDX + '#include "core/sequence.h"\n#include <chrono>\n',
    "capi/include/shmflake/shmflake.h": header("SHMFLAKE_SHMFLAKE_H_", ""),
    "capi/src/shmflake.cc": SPDX + '#include "core/sequence.h"\n#include <shmflake/shmflake.h>\n',
    "tools/main.cc": SPDX + "#include <shmflake/shmflake.h>\n",
    "tests/run": "#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\nmktemp x.XXXXXX\n",
    "CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "README.md": "# a tree [of](CMakeLists.txt), [on](https://example.org), [at](docs/x.md#top)\n",
    "docs/x.md": "[up](../README.md)\n",
}


def replaced(path, old, new):
    assert old in GOOD[path], f"the good {path} has no {old!r}"
    return {path: GOOD[path].replace(old, new)}


# Rule -> trees that break it, as changes to the good one.
BAD = {
    rules.core_includes_go_downwards: [
        replaced("core/bits.h", "const char*", '#include "core/clock.h"\nconst char*'),
        {"core/region.cc": SPDX + '#  include "core/generator.h"\n'},
        {"core/newcomer.cc": SPDX},
        {"core/region.cc": SPDX + '#include "core/stranger.h"\n'}],
    rules.layer_table_is_true: [{"core/generator.cc": None}],
    rules.algorithms_know_neither_files_nor_clocks: [
        replaced("core/sequence.h", "core/bits.h", "core/clock.h"),
        replaced("core/sequence.h", "core/bits.h", "core/region.h"),
        replaced("core/sequence.h", "core/bits.h", "sys/mman.h")],
    rules.headers_have_no_cycles: [
        replaced("core/bits.h", "const char*", '#include "core/clock.h"\nconst char*')],
    rules.outer_parts_use_the_public_header_only: [
        {"tools/main.cc": SPDX + '#include "core/bits.h"\n'},
        {"examples/c/x.c": SPDX + '#include "capi/src/handle.h"\n'},
        {"bindings/python/src/x.cc": SPDX + '#include "core/bits.h"\n'},
        {"core/region.cc": SPDX + "#include <shmflake/shmflake.h>\n"},
        {"capi/src/shmflake.cc": SPDX + '#include "tools/x.h"\n'}],
    rules.atomic_operations_name_their_order: [
        replaced("core/sequence.h", "    std::memory_order_relaxed", ""),
        replaced("core/sequence.h", "F(1), std::memory_order_relaxed", "F(1)"),
        {"core/region.cc": SPDX + "void f() { p->fetch_add(n); }\n"},
        {"core/region.cc": SPDX + "void f() { std::atomic_load(p); }\n"},
        {"core/region.cc": SPDX + "void f() { __sync_synchronize(); }\n"},
        {"capi/src/shmflake.cc": SPDX + "void f() { w.exchange (1 /* memory_order */); }\n"}],
    rules.draw_path_has_no_lock: [
        replaced("core/sequence.h", "int f() {", "std::mutex m; int f() {"),
        replaced("core/sequence.h", "int f() {", "std::unique_lock l(m); int f() {"),
        replaced("core/sequence.h", "int f() {", "pthread_mutex_t m; int f() {"),
        replaced("core/sequence.h", "order_relaxed);\n}", "order_seq_cst);\n}")],
    rules.files_are_short: [
        {"core/region.cc": SPDX + "int x;\n" * 320},
        {"tests/unit/x_test.cc": SPDX + "int x;\n" * 450},
        {"tests/run": GOOD["tests/run"] + "true\n" * 450}],
    rules.guards_are_named_after_the_path: [
        replaced("core/bits.h", "SHMFLAKE_CORE_BITS_H_", "SHMFLAKE_BITS_H_"),
        {"core/bits.h": SPDX + "#pragma once\n"},
        replaced("capi/include/shmflake/shmflake.h", "SHMFLAKE_SHMFLAKE_H_", "SHMFLAKE_H_")],
    rules.sources_have_a_licence_line: [
        {"core/region.cc": "int x;\n"},
        {"tests/run": "#!/usr/bin/env bash\n"},
        {"CMakeLists.txt": "project(x)\n"}],
    rules.no_tabs: [{"tools/main.cc": SPDX + "\tint x;\n"}],
    rules.nothing_is_left_unfinished: [
        {"README.md": f"{word}: write this\n"} for word in rules.UNFINISHED],
    rules.no_path_of_one_machine: [{"README.md": f"see {p}x\n"} for p in rules.FOREIGN_PATHS],
    rules.links_lead_somewhere: [
        {"README.md": "see [this](docs/y.md)\n"}, {"docs/x.md": "see [this](README.md)\n"}],
    rules.words_are_the_project_s: [
        {"core/region.cc": SPDX + f"// the {word} of it\n"} for word in rules.VOCABULARY],
}


def complaints(rule, changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**GOOD, **changes}.items():
            if text is not None:
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
        return list(rule(source_tree.read_tree(root)))


def results():
    """(name, what failed) of each self-test."""
    for rule in rules.ALL:
        wrong = [f"complains of a good tree: {c}" for c in complaints(rule, {})]
        if not BAD.get(rule):
            wrong.append("has no bad example")
        wrong += [f"does not see what is wrong in {bad!r}" for bad in BAD.get(rule, ())
                  if not complaints(rule, bad)]
        yield f"the rule {rule.__name__} can fail", wrong
