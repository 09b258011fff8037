"""The command `interbind`, and for builds in C: where the headers, the CMake config and the pkg-config file are."""

import os
import sys

from . import __version__, get_cmake_dir, get_include, get_pkgconfig_dir

_BUILDS = ("--includes", "--cmakedir", "--pkgconfigdir")
_HELP = """
For builds in C and C++:
  --includes      Print compiler flags for Python's headers and interbind's
  --cmakedir      Print the folder of the CMake config
  --pkgconfigdir  Print the folder of the pkg-config file
"""


def main() -> int:
    try:
        code = _main(sys.argv[1:])
        _flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough. Python flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _main(words: "list[str]") -> int:
    if words == ["--version"]:
        # What `interbind --version` says would need its name cut off.
        print(__version__)
        return 0
    if len(words) == 1 and words[0] in _BUILDS:
        print(_place(words[0]))
        return 0
    import signal

    from ._runtime import _run

    # Python only notes the signal, and would act on it when the work is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _flush()
    code = _run(("interbind", *words))
    if not words or words in (["--help"], ["-h"], ["help"]):
        print(_HELP, end="", file=sys.stdout if words else sys.stderr)
    return code


def _flush() -> None:
    # There is none where the shell has closed it.
    if sys.stdout is not None:
        sys.stdout.flush()


def _place(word: str) -> str:
    if word == "--cmakedir":
        return get_cmake_dir()
    if word == "--pkgconfigdir":
        return get_pkgconfig_dir()
    import sysconfig

    return f"-I{sysconfig.get_path('include')} -I{get_include()}"


if __name__ == "__main__":
    sys.exit(main())
