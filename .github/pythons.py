"""Prints the interpreters that `actions/setup-python` has put into the runner's cache: `python pythons.py 3.9 3.10`."""

import os
import pathlib
import sys

CACHE = pathlib.Path(os.environ["RUNNER_TOOL_CACHE"])


def interpreter(version):
    """Find the interpreter of a version, one with a GIL."""
    for place in CACHE.glob(f"Python/{version}.*/*"):
        for name in ("python.exe", f"bin/python{version}"):
            if "freethreaded" not in place.name and (place / name).is_file():
                return (place / name).as_posix()
    sys.exit(f"error: no Python {version} in {CACHE}; fix: name it in the step with setup-python")


print(*map(interpreter, sys.argv[1:]))
