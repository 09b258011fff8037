"""`python -m interbind`: prints where the headers, the CMake config and the pkg-config file are."""

import argparse
import sysconfig

from . import __version__, get_cmake_dir, get_include, get_pkgconfig_dir


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m interbind", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--includes", action="store_true", help="compiler flags for Python's headers and interbind's")
    group.add_argument("--cmakedir", action="store_true", help="the folder of the CMake config")
    group.add_argument("--pkgconfigdir", action="store_true", help="the folder of the pkg-config file")
    asked = parser.parse_args()
    if asked.includes:
        print(f"-I{sysconfig.get_path('include')} -I{get_include()}")
    elif asked.cmakedir:
        print(get_cmake_dir())
    else:
        print(get_pkgconfig_dir())


if __name__ == "__main__":
    main()
