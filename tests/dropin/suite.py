#!/usr/bin/env python3
"""Runs cloudpickle's own test suite on the drop-in.

    suite.py --package FOLDER [--suite PATH] [--tag TAG] [--work FOLDER] [--keep-going] [PYTEST ARGUMENTS…]

`--package` is the folder with `interbind/`. The suite is taken from PATH, a checkout of cloudpickle or its `tests` folder; without
it from the tag of cloudpickle's repository. It is copied into the work folder, never into this repository. There, a package
`cloudpickle` stands that is nothing but `interbind.pickle` under its name: the suite's own child processes find it too.

Prints the totals and what failed. Exit: 0 if all passed but `EXPECTED`, 77 if the suite or pytest can't be had, else 1.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = "https://github.com/cloudpipe/cloudpickle"
SKIPPED = 77
#: Tests that can't pass under another name, and why.
EXPECTED = {
    # `dumps.__module__` is set to None and looked for: it is found in the module in which it lives, whose name is compared.
    "CloudPickleTest::test_importing_multiprocessing_does_not_impact_whichmodule",
    "Protocol2CloudPickleTest::test_importing_multiprocessing_does_not_impact_whichmodule",
}
SHIM = """import sys
import interbind.pickle
import interbind.pickle.cloudpickle
import interbind.pickle.cloudpickle_fast

sys.modules["cloudpickle.cloudpickle"] = interbind.pickle.cloudpickle
sys.modules["cloudpickle.cloudpickle_fast"] = interbind.pickle.cloudpickle_fast
sys.modules["cloudpickle"] = interbind.pickle
"""


def skip(why):
    print(f"skip: cloudpickle's suite: {why}")
    sys.exit(SKIPPED)


def suite(arguments, work):
    """Return the folder of the tests."""
    given = arguments.suite
    if given:
        inner = os.path.join(given, "tests")
        found = inner if os.path.isdir(inner) else given
        if not os.path.exists(os.path.join(found, "cloudpickle_test.py")):
            sys.exit(f"no cloudpickle_test.py in {given}")
        return found
    clone = os.path.join(work, "clone")
    command = ["git", "clone", "--quiet", "--depth", "1", "--branch", arguments.tag, REPOSITORY, clone]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        skip(f"the repository can't be reached: {error}")
    if done.returncode:
        skip(f"the repository can't be reached: {done.stderr.strip()[-200:]}")
    return os.path.join(clone, "tests")


def installed(folder):
    """Install what the suite runs with, where it isn't there; only pytest must be."""

    def pip(*names):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        return subprocess.run([*command, "--target", folder, *names], capture_output=True, text=True)

    def missing(name):
        code = f"import sys; sys.path.append({folder!r}); import {name}"
        return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode != 0

    if missing("pytest"):
        done = pip("pytest", "psutil", "typing_extensions")
        if done.returncode:
            skip(f"pip can't have pytest: {done.stderr.strip()[-200:]}")
    for name in ("numpy", "tornado"):
        if missing(name) and pip("--upgrade", name).returncode:
            print(f"skip: the suite's tests with {name}: no wheel of it for this Python")
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", required=True)
    parser.add_argument("--suite")
    parser.add_argument("--tag", default="v3.1.2")
    parser.add_argument("--work")
    arguments, rest = parser.parse_known_args()
    work = os.path.abspath(arguments.work or tempfile.mkdtemp())
    os.makedirs(work, exist_ok=True)
    # First: where it can't be had, nothing is installed for it.
    source = suite(arguments, work)
    packages = installed(os.path.join(work, "site"))
    tests = os.path.join(work, "run", "tests")
    shutil.rmtree(os.path.join(work, "run"), ignore_errors=True)
    shutil.copytree(source, tests)
    shim = os.path.join(work, "run", "cloudpickle")
    os.mkdir(shim)
    with open(os.path.join(shim, "__init__.py"), "w") as file:
        file.write(SHIM)
    shutil.copytree(os.path.join(arguments.package, "interbind"), os.path.join(work, "run", "interbind"))
    # The suite's children get this folder alone as their path: what was installed has to be found there.
    for name in os.listdir(packages) if os.path.isdir(packages) else ():
        os.symlink(os.path.join(os.path.abspath(packages), name), os.path.join(work, "run", name))
    found = [os.path.join(work, "run"), os.path.join(tests, "cloudpickle_testpkg")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(found)}
    # As in cloudpickle's own configuration: without capture, since some tests pickle `sys.stderr`.
    command = [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", "-rfE", "tests", *rest]
    done = subprocess.run(command, cwd=os.path.join(work, "run"), env=environment, capture_output=True, text=True)
    failed = set(re.findall(r"^(?:FAILED|ERROR) \S+?py::(\S+)", done.stdout, re.M))
    totals = done.stdout.strip().splitlines()[-1:] or [done.stderr.strip()[-300:]]
    passed = re.search(r"(\d+) passed", totals[0])
    unexpected = failed - EXPECTED
    print(f"{sys.version.split()[0]}: {totals[0].strip('= ')}; expected to fail: {len(failed & EXPECTED)} of {len(EXPECTED)}")
    for name in sorted(unexpected):
        print("  failed: " + name)
    if unexpected or not passed or int(passed[1]) < 200:
        print(done.stdout[-6000:])
        sys.exit(1)


if __name__ == "__main__":
    main()
