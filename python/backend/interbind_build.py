"""The build backend of the wheel `interbind`: maturin's, and after it the module `_pickle` for the Python that builds.

maturin builds one module for a wheel. `interbind._runtime` is that one, for all Pythons with a GIL; `interbind._pickle` is
built apart, for one Python, and put beside it. A Python that it can't be built for gets the wheel without it, which
`import interbind.pickle` says.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import interbind_merge
import maturin
from maturin import (  # noqa: F401: the other hooks are maturin's own
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

ROOT = Path(__file__).resolve().parent.parent.parent
NATIVE = ROOT / "pickle" / "native"
#: The minor versions of Python 3 that `pickle/native` is written for.
MINORS = range(9, 16)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build a wheel that brings `interbind.pickle` for this Python."""
    name = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    with tempfile.TemporaryDirectory() as folder:
        module = _module_wheel(folder, config_settings)
        if module is not None:
            try:
                interbind_merge.merge(Path(wheel_directory, name), [module])
            except interbind_merge.MergeError as error:
                sys.exit(f"error: {error}")
    return name


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Put the modules beside their sources, as maturin does with its own."""
    name = maturin.build_editable(wheel_directory, config_settings, metadata_directory)
    with tempfile.TemporaryDirectory() as folder:
        module = _module_wheel(folder, config_settings)
        if module is not None:
            with zipfile.ZipFile(module) as archive:
                (inside,) = [entry for entry in archive.namelist() if interbind_merge.MODULE.fullmatch(entry)]
                # Extracted beside its place and moved there: a process that has loaded the old one keeps it whole.
                fresh = shutil.copy(archive.extract(inside, folder), ROOT / "python/interbind/_pickle.fresh")
            os.replace(fresh, ROOT / "python/interbind" / Path(inside).name)
    return name


def build_sdist(sdist_directory, config_settings=None):
    """Pack the sources; from the repository's root, because files beside `python/` belong to them."""
    sdist_directory, before = os.path.abspath(sdist_directory), os.getcwd()
    os.chdir(ROOT)
    try:
        return maturin.build_sdist(sdist_directory, config_settings)
    finally:
        os.chdir(before)


def _module_wheel(folder, config_settings):
    """Build `_pickle` for this Python; nothing where it can't be built."""
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    python = "{} {}.{}{}".format(sys.implementation.name, *sys.version_info[:2], threads)
    if sys.implementation.name != "cpython" or sys.version_info[1] not in MINORS:
        print(f"interbind.pickle isn't built for {python}: it needs CPython 3.{MINORS[0]} to 3.{MINORS[-1]}")
        return None
    crate = NATIVE / "free-threaded-3.13" if python == "cpython 3.13t" else NATIVE
    if not (crate / "Cargo.toml").is_file():
        sys.exit(f"error: {crate} is missing, and with it the sources of interbind.pickle; fix: build from the whole repository")
    command = ["maturin", "build", "--release", "--locked", "--manifest-path", str(crate / "Cargo.toml"), "--out", folder]
    command += ["--interpreter", sys.executable, *_system(config_settings)]
    # A folder for each Python: cargo gives the libraries of both crates one path, and takes the other's for its own.
    target = Path(os.environ.get("CARGO_TARGET_DIR") or NATIVE / "target", python.replace(" ", "-"))
    command += ["--target-dir", str(target)]
    print("Running", *command, flush=True)
    # What maturin says for people goes to one place: the other stream is the front end's.
    status = subprocess.run(command, env=maturin._get_env(), stdout=sys.stderr).returncode
    if status != 0:
        sys.exit(f"error: interbind.pickle can't be built for {python}; fix: see what maturin says above")
    (module,) = Path(folder).glob("*.whl")
    return module


def _system(config_settings):
    """The arguments that say for which system the wheel is built: both modules get the same."""
    words = maturin._additional_pep517_args() + list(maturin.get_maturin_pep517_args(config_settings))
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--target")
    parser.add_argument("--compatibility", "--manylinux", default="off")
    parser.add_argument("--auditwheel")
    known, _ = parser.parse_known_args(words)
    return [word for name, value in vars(known).items() if value for word in (f"--{name}", value)]
