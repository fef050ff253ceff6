# SPDX-License-Identifier: Apache-2.0
"""What shmflake.h declares: functions, constants, the fields of its structs."""

import re


class Header:
    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        self.functions = re.findall(r"^SHMFLAKE_API [^;(]*?(shmflake_\w+)\(", text, re.M)
        self.constants = {}
        for body in re.findall(r"\benum\s*\{(.*?)\}", text, re.S):
            for name, value in re.findall(r"SHMFLAKE_(\w+) = ([^,\s]+(?: << \d+)?)", body):
                one, _, shift = value.partition(" << ")
                self.constants[name] = int(one) << int(shift or 0)
        self.structs = {name: self._fields(body) for body, name in re.findall(
            r"typedef struct shmflake_\w+ \{(.*?)\} shmflake_(\w+);", text, re.S)}

    @staticmethod
    def _fields(body):
        """The fields' names in order; several may share a type."""
        fields = []
        for declaration in body.split(";"):
            names = re.sub(r"\[\w+\]", "", declaration).split(",")
            if names[0].strip():
                fields += [names[0].split()[-1].lstrip("*")] + [name.strip() for name in names[1:]]
        return fields

    def group(self, prefix):
        """The constants that begin so, without the prefix."""
        return {name[len(prefix):]: value for name, value in self.constants.items()
                if name.startswith(prefix)}
