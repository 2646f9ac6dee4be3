"""Evaluates the Tiltfile as Starlark, with Tilt's functions replaced by ones that write down their calls."""

import json
import sys

import starlark

FUNCTIONS = ["docker_build", "fall_back_on", "sync", "k8s_yaml", "helm", "k8s_resource"]

calls = []


def recorder(name):
    def record(*args, **kwargs):
        calls.append({"name": name, "args": list(args), "kwargs": kwargs})
        return {"call": name, "args": list(args), "kwargs": kwargs}

    return record


path = sys.argv[1]
dialect = starlark.Dialect.extended()
# Tilt allows loops and conditions at the top of its file.
dialect.enable_top_level_stmt = True
module = starlark.Module()
for name in FUNCTIONS:
    module.add_callable(name, recorder(name))
with open(path, encoding="utf-8") as file:
    tree = starlark.parse(path, file.read(), dialect)
starlark.eval(module, tree, starlark.Globals.extended_by([]))
print(json.dumps(calls))
