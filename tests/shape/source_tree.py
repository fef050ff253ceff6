# SPDX-License-Identifier: Apache-2.0
"""The project's files as the rules see them: paths, lines, C/C++ text without comments."""

import os
import re

SKIPPED_DIRECTORIES = {"build", "__pycache__", "node_modules", "dist"}
C_SUFFIXES = (".c", ".cc", ".h")

# The leftmost wins. A quote between digits separates thousands.
TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<string>R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+')", re.S)


def blank(text):
    """The same number of lines, nothing on them."""
    return "\n" * text.count("\n") or " "


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m.group()) if m.group("comment") else m.group(), text)


def without_comments_and_strings(text):
    return TOKEN.sub(lambda m: blank(m.group()) if m.group("comment") else '""', text)


class SourceFile:
    """path: relative to the root, with forward slashes."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.lines = self.text.splitlines()

    @property
    def is_c(self):
        return self.path.endswith(C_SUFFIXES)

    @property
    def is_script(self):
        return self.path.endswith((".py", ".sh")) or self.text.startswith("#!")

    @property
    def is_cmake(self):
        return self.path.endswith((".cmake", ".cmake.in", "CMakeLists.txt"))

    @property
    def is_source(self):
        return self.is_c or self.is_script or self.is_cmake or self.path.endswith(".go")

    def is_under(self, *directories):
        return self.path.startswith(tuple(d + "/" for d in directories))

    @property
    def code(self):
        return without_comments_and_strings(self.text) if self.is_c else self.text

    def includes(self):
        """(line number, what is between the quotes or brackets) of every #include."""
        for number, line in enumerate(without_comments(self.text).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if match:
                yield number, match.group(1)


def is_text(path):
    with open(path, "rb") as file:
        return b"\0" not in file.read(4096)


def read_tree(root):
    """Every text file of the project. Hidden files and what a build makes are no part of it."""
    files = []
    for directory, names, leaves in os.walk(root):
        names[:] = sorted(n for n in names if n not in SKIPPED_DIRECTORIES
                          and (n == ".ci" or not n.startswith(".")))
        for leaf in sorted(leaves):
            full = os.path.join(directory, leaf)
            hidden = leaf.startswith(".") and leaf not in (".clang-tidy", ".clang-format")
            if not hidden and not os.path.islink(full) and is_text(full):
                files.append(SourceFile(root, os.path.relpath(full, root).replace(os.sep, "/")))
    return files
