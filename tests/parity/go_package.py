# SPDX-License-Identifier: Apache-2.0
"""What the Go package exports, as `go doc` tells it, and what its names should be."""

import os
import re
import subprocess

INITIALISMS = {"id": "ID", "ids": "IDs", "ms": "MS", "ns": "NS", "us": "US", "pid": "PID",
               "tsc": "TSC", "ttl": "TTL", "url": "URL"}


def go_name(c_name):
    """worker_id -> WorkerID"""
    return "".join(INITIALISMS.get(word, word.capitalize()) for word in c_name.lower().split("_"))


class GoPackage:
    def __init__(self, directory):
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
        said = subprocess.run(["go", "doc", "-all", "."], cwd=directory, env=environment,
                              capture_output=True, text=True, check=False)
        if said.returncode != 0:
            raise RuntimeError("go doc: " + said.stderr)
        self.names = set(re.findall(r"^(?:func|type) (\w+)", said.stdout, re.M))
        self.names |= {f"{kind}.{name}" for kind, name in re.findall(
            r"^func \(\w* ?\*?(\w+)\) (\w+)", said.stdout, re.M)}
        self.constants = {name: int(value) for name, value in re.findall(
            r"^\t(\w+)\s+\w+ = (-?\d+)", said.stdout, re.M)}
        self.structs = {name: set(re.findall(r"^\t(\w+)\s", body, re.M)) for name, body in
                        re.findall(r"^type (\w+) struct \{\n(.*?)^\}", said.stdout, re.M | re.S)}
