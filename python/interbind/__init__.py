"""Share types between Python extensions that were built apart: what an extension in C or C++ needs to be built."""

from pathlib import Path

__version__ = "0.1.0"
__all__ = ["get_cmake_dir", "get_include", "get_pkgconfig_dir"]

_HERE = Path(__file__).resolve().parent


def get_include() -> str:
    """Return the folder to search for `interbind/interbind.h`."""
    return str(_HERE / "include")


def get_cmake_dir() -> str:
    """Return the folder of the CMake config, for `interbind_DIR`."""
    return str(_HERE / "cmake")


def get_pkgconfig_dir() -> str:
    """Return the folder of the pkg-config file, for `PKG_CONFIG_PATH`."""
    return str(_HERE / "pkgconfig")
