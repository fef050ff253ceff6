# SPDX-License-Identifier: Apache-2.0
"""The rules that the tree's shape obeys. Each yields (path, line, what is wrong)."""

import posixpath
import re

# Words that must not appear, put together so that this file does not hold them.
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
FOREIGN_PATHS = ("/wo" + "rk/", "/ro" + "ot/")
# What the project's words (docs/design.md) replace: only those that cannot mean anything else here.
VOCABULARY = {"arena": "region", "backend": "store", "drift": "clock rollback", "time unit": "tick",
              "node_id": "worker_id", "node id": "worker ID"}

ALGORITHMS = 3  # the layer that works on words that its caller owns; time is an argument
NOT_FOR_ALGORITHMS = {"core/clock.h", "core/tsc.h", "sys/mman.h", "time.h", "sys/time.h", "ctime",
                      "chrono", "thread", "mutex", "fstream", "iostream", "sqlite3.h"}
MAX_LINES, MAX_TEST_LINES, MAX_MANUAL_LINES = 320, 450, 930
MANUAL = "capi/include/shmflake/shmflake.h"

ATOMIC_CALL = re.compile(
    r"(?:\.|->)\s*(load|store|exchange|test_and_set|fetch_\w+|compare_exchange_\w+)\s*\(")
IMPLICIT_ATOMIC = re.compile(
    r"\bstd::atomic_(?:load|store|exchange|fetch_\w+|compare_exchange_\w+)\s*\(|\b__sync_\w+\s*\(")
ON_DRAW_PATH = re.compile(
    r"\bstd::\w*mutex\b|\bpthread_(?:mutex|rwlock|spin)\w*|\bstd::\w+_lock\b|\bstd::lock_guard\b"
    r"|\bstd::condition_variable\w*|\bmemory_order(?:_|::)seq_cst\b")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def core_name(path):
    """core/store/store.h -> store/store"""
    return re.sub(r"\.(c|cc|h)$", "", path.removeprefix("core/"))


def core_files(tree):
    return [f for f in tree if f.is_c and f.is_under("core")]


def read_layers(tree):
    """The table: file -> (layer, whether a draw runs through it)."""
    layers = {}
    for file in tree:
        if file.path == "tests/shape/layers.txt":
            for line in file.lines:
                words = line.split("#")[0].split()
                if words:
                    layers[words[1]] = (int(words[0]), "draw" in words[2:])
    return layers


def core_includes_go_downwards(tree):
    layers = read_layers(tree)
    for file in core_files(tree):
        name = core_name(file.path)
        if name not in layers:
            yield file.path, 1, "has no layer: add it to tests/shape/layers.txt"
            continue
        for line, included in file.includes():
            if included.startswith("core/"):
                other = layers.get(core_name(included), (99, False))[0]
                if other > layers[name][0]:
                    yield (file.path, line,
                           f"layer {layers[name][0]} includes {included} of layer {other}")


def layer_table_is_true(tree):
    names = {core_name(f.path) for f in core_files(tree)}
    for name in read_layers(tree):
        if name not in names:
            yield "tests/shape/layers.txt", 1, f"names core/{name}, which does not exist"


def algorithms_know_neither_files_nor_clocks(tree):
    layers = read_layers(tree)
    for file in core_files(tree):
        if layers.get(core_name(file.path), (0,))[0] != ALGORITHMS:
            continue
        for line, included in file.includes():
            outside = included.startswith("core/") and layers.get(core_name(included), (0,))[0] == 2
            if outside or included in NOT_FOR_ALGORITHMS or included.startswith("boost/"):
                yield file.path, line, f"an algorithm (layer 3) includes {included}"


def headers_have_no_cycles(tree):
    graph = {f.path: [i for _, i in f.includes()] for f in core_files(tree)}

    def reaches(start, goal, seen):
        return any(n == goal or (n not in seen and not seen.add(n) and reaches(n, goal, seen))
                   for n in graph.get(start, ()))
    for path in graph:
        if reaches(path, path, set()):
            yield path, 1, "includes itself through others"


def outer_parts_use_the_public_header_only(tree):
    for file in tree:
        if not file.is_c:
            continue
        for line, included in file.includes():
            top = included.split("/")[0]
            if file.is_under("tools", "examples", "bindings") and top in ("core", "capi"):
                yield file.path, line, f"includes {included}: only <shmflake/shmflake.h> is public"
            if file.is_under("core") and top in ("capi", "shmflake", "tools", "tests", "bench"):
                yield file.path, line, f"the core includes {included} from above itself"
            if file.is_under("capi") and top in ("tools", "tests", "bench", "examples"):
                yield file.path, line, f"the C ABI includes {included} from above itself"


def atomic_operations_name_their_order(tree):
    for file in tree:
        if not (file.is_c and file.is_under("core", "capi")):
            continue
        code = file.code
        for match in IMPLICIT_ATOMIC.finditer(code):
            yield file.path, line_of(code, match.start()), f"{match.group()}) names no order"
        for match in ATOMIC_CALL.finditer(code):
            depth, end = 1, match.end()
            while depth and end < len(code):
                depth += {"(": 1, ")": -1}.get(code[end], 0)
                end += 1
            orders = code.count("memory_order", match.end(), end)
            wanted = 2 if match.group(1).startswith("compare_exchange") else 1
            if orders < wanted:
                yield (file.path, line_of(code, match.start()),
                       f"{match.group(1)}() names {orders} of {wanted} memory orders")


def draw_path_has_no_lock(tree):
    layers = read_layers(tree)
    for file in core_files(tree):
        code = file.code if layers.get(core_name(file.path), (0, False))[1] else ""
        for match in ON_DRAW_PATH.finditer(code):
            yield file.path, line_of(code, match.start()), f"{match.group()} on the draw path"


def files_are_short(tree):
    for file in tree:
        limit = MAX_TEST_LINES if file.is_under("tests") else MAX_LINES
        limit = MAX_MANUAL_LINES if file.path == MANUAL else limit
        if file.is_source and len(file.lines) > limit:
            yield file.path, len(file.lines), f"has more than {limit} lines: split it"


def guards_are_named_after_the_path(tree):
    for file in tree:
        if file.path.endswith(".h"):
            public = file.path.removeprefix("capi/include/shmflake/")
            guard = "SHMFLAKE_" + re.sub(r"[^A-Z0-9]", "_", public.upper()) + "_"
            if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", file.text, re.M):
                yield file.path, 1, f"its guard must be {guard}"


def sources_have_a_licence_line(tree):
    for file in tree:
        top = "\n".join(file.lines[:2])
        if file.is_source and "SPDX-License-Identifier: Apache-2.0" not in top:
            yield file.path, 1, "has no line 'SPDX-License-Identifier: Apache-2.0' on top"


def no_tabs(tree):
    for file in tree:
        if file.is_source and not file.path.endswith(".go"):
            for number, line in enumerate(file.lines, 1):
                if "\t" in line:
                    yield file.path, number, "has a tab"


def nothing_is_left_unfinished(tree):
    words = re.compile(r"\b(" + "|".join(UNFINISHED) + r")\b")
    for file in tree:
        for number, line in enumerate(file.lines, 1):
            if words.search(line):
                yield file.path, number, f"says {words.search(line).group()}"


def no_path_of_one_machine(tree):
    for file in tree:
        for number, line in enumerate(file.lines, 1):
            for path in FOREIGN_PATHS:
                if path in line:
                    yield file.path, number, f"names {path}, a path of somebody's machine"


def links_lead_somewhere(tree):
    paths = {f.path for f in tree}
    for file in tree:
        if file.path.endswith(".md"):
            for number, line in enumerate(file.lines, 1):
                for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", line):
                    target = posixpath.normpath(
                        posixpath.join(posixpath.dirname(file.path), link))
                    if ":" not in link and target not in paths:
                        yield file.path, number, f"links to {link}, which does not exist"


def words_are_the_project_s(tree):
    for file in tree:
        if file.is_c and file.is_under("core", "capi", "tools"):
            for number, line in enumerate(file.lines, 1):
                for wrong, right in VOCABULARY.items():
                    if re.search(rf"\b{wrong}s?\b", line, re.I):
                        yield file.path, number, f"says '{wrong}': the word is '{right}'"


ALL = (core_includes_go_downwards, layer_table_is_true, algorithms_know_neither_files_nor_clocks,
       headers_have_no_cycles, outer_parts_use_the_public_header_only,
       atomic_operations_name_their_order, draw_path_has_no_lock, files_are_short,
       guards_are_named_after_the_path, sources_have_a_licence_line, no_tabs,
       nothing_is_left_unfinished, no_path_of_one_machine, links_lead_somewhere,
       words_are_the_project_s)
