# SPDX-License-Identifier: Apache-2.0
"""The ways to get the package: from the tree's build, against an installed library, by pip."""

import os
import shutil
import subprocess
import sys

import pytest
from support import TREE

BUILD = os.environ.get("BUILD_UNDER_TEST", "")
FROM_SOURCE = pytest.mark.skipif("FROM_SOURCE" not in os.environ,
                                 reason="compiles for minutes; FROM_SOURCE=1 runs it")
DRAW = """
import uuid, shmflake
assert shmflake.next_id() < shmflake.next_id() and type(shmflake.uuid7()) is uuid.UUID
try:
    shmflake.open("a/b")
except shmflake.ArgumentError:
    print(shmflake.__file__)
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=500, **options)
    assert done.returncode == 0, "%s\n%s%s" % (command, done.stdout, done.stderr)
    return done.stdout


def draw(place, python=sys.executable):
    """Draws with the package in that directory, or with what that interpreter finds."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if place is not None:
        environment["PYTHONPATH"] = str(place)
    return run(python, "-c", DRAW, env=environment).strip()


def package_under(prefix):
    package, = prefix.glob("**/shmflake/_shmflake*.so")
    assert (package.parent / "py.typed").exists() and (package.parent / "__init__.pyi").exists()
    return package.parent.parent


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """The build, installed."""
    if not os.path.exists(os.path.join(BUILD, "CMakeCache.txt")) or shutil.which("cmake") is None:
        pytest.skip("no build to install (BUILD_UNDER_TEST), or no cmake")
    place = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", place)
    return place


def test_the_installed_package_finds_the_installed_library(prefix):
    package = package_under(prefix)
    assert draw(package).startswith(str(package))
    linked = run("ldd", next(package.glob("shmflake/_shmflake*.so")))
    assert str(prefix) in linked.split("libshmflake.so.0 => ")[1].split()[0] or ".." in linked


@FROM_SOURCE
def test_the_binding_builds_against_an_installed_library(prefix, tmp_path):
    build = tmp_path / "build"
    run("cmake", "-S", os.path.join(TREE, "bindings", "python"), "-B", build,
        "-DCMAKE_BUILD_TYPE=Plain", "-DCMAKE_PREFIX_PATH=%s" % prefix,
        "-DPython_EXECUTABLE=" + sys.executable)
    run("cmake", "--build", build, "--parallel", "2")
    assert draw(build).startswith(str(build))
    run("cmake", "--install", build, "--prefix", tmp_path / "own")
    package = package_under(tmp_path / "own")
    assert draw(package).startswith(str(package))


@FROM_SOURCE
def test_pip_makes_a_wheel_that_carries_the_library(tmp_path):
    """Unoptimised, to be quick."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    index = subprocess.run([str(python), "-m", "pip", "download", "--no-deps", "--dest",
                            str(tmp_path / "downloads"), "--retries", "0", "--timeout", "10",
                            "scikit-build-core>=0.8"], capture_output=True, text=True)
    if index.returncode != 0:
        pytest.skip("no package index can be reached")
    run(python, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheels",
        "--config-settings", "cmake.build-type=Plain",
        "--config-settings", "cmake.define.SHMFLAKE_UNITY_BUILD=ON",
        os.path.join(TREE, "bindings", "python"))
    wheel, = (tmp_path / "wheels").glob("shmflake-*.whl")
    run(python, "-m", "pip", "install", "--no-index", wheel)
    assert draw(None, python).startswith(str(tmp_path / "venv"))
    module, = (tmp_path / "venv").glob("lib/python*/site-packages/shmflake/_shmflake*.so")
    assert "libshmflake" not in run("ldd", module)
    exported = run("nm", "-D", "--defined-only", module).split()
    assert [name for name in exported if "hmflake" in name] == ["PyInit__shmflake"]
