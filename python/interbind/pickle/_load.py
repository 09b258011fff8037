"""Loads the native half of `interbind.pickle`, or says for which Pythons this installation has it.

It is built for each version of CPython, and one wheel may have several of them. What only the error needs is imported for it.
"""

from importlib import import_module

_NATIVE = __package__.rpartition(".")[0] + "._pickle"


def _missing() -> str:
    import os
    import re
    import sys
    import sysconfig

    name = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name)
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    running = "{} {}.{}{}".format(name, *sys.version_info[:2], threads)
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        files = os.listdir(folder)
    except OSError:
        # A package needn't be a folder, and then nothing native lies in it.
        files = []
    pattern = re.compile(r"_pickle\.(?:cpython-|cp)3(\d+)(t?)-[\w-]+\.(?:so|pyd)")
    present = sorted((int(match[1]), match[2]) for match in map(pattern.fullmatch, files) if match)
    versions = ", ".join(f"3.{minor}{threads}" for minor, threads in present)
    if name == "CPython":
        way = "install a release that has it for this Python, or build it: `pip install --no-binary interbind interbind`"
        if present:
            way = f"run one of these, {way}"
    else:
        way = "run CPython, or use `pickle`"
    return (
        f"interbind.pickle needs '{_NATIVE}', and this installation has none for {running}; "
        f"'{folder}' has it for {f'CPython {versions}' if present else 'no Python'}; fix: {way}"
    )


try:
    native = import_module(_NATIVE)
except ModuleNotFoundError as error:
    # A module that is there and misses another one says more itself.
    if error.name != _NATIVE:
        raise
    raise ImportError(_missing(), name=_NATIVE) from None
