# SPDX-License-Identifier: Apache-2.0
"""Every example runs, and is short."""

import os
import re
import subprocess
import sys

import pytest
from support import EXAMPLES, TREE

ALL = sorted(file for file in os.listdir(EXAMPLES) if file.endswith(".py"))
PROGRAMS = {"first_id.py": ("UUIDv7", None), "many_processes.py": (" 0 repeats", None),
            "buffers.py": ("array: 65536 IDs", None),
            "sqlalchemy_columns.py": ("thread", "sqlalchemy"),
            "django_models.py": ("thread", "django")}
SERVICES = {"flask_app.py", "celery_tasks.py"}  # test_servers.py runs them


@pytest.mark.parametrize("example", PROGRAMS)
def test_an_example_runs(example):
    words, module = PROGRAMS[example]
    if module is not None:
        pytest.importorskip(module)
    arguments = ["4", "20000"] if example == "many_processes.py" else []
    done = subprocess.run([sys.executable, os.path.join(EXAMPLES, example), *arguments],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout


@pytest.mark.parametrize("example", ALL)
def test_an_example_is_short(example):
    with open(os.path.join(EXAMPLES, example), encoding="utf-8") as file:
        assert len(file.readlines()) < 50


def test_the_readmes_program_runs():
    with open(os.path.join(TREE, "README.md"), encoding="utf-8") as file:
        program, = re.findall("```python\n(.*?)```", file.read(), re.S)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+\n[0-9a-f-]{36}\n\[\d+, \d+, \d+\] \d+\n", done.stdout)


def test_every_example_of_ours_is_there():
    assert set(PROGRAMS) | SERVICES <= set(ALL)
