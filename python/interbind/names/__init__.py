"""Gives the functions of native modules names by which they pickle, without rebuilding the modules.

`mend` does it, and `restore` takes it back. What pickle then writes are names alone: the module's and the function's. It
looks them up itself and compares what it finds with what it was given, so a function is never mistaken for another one.
"""

from ._mend import mend, restore
from ._report import Change, Mended, Refusal

__all__ = ["Change", "Mended", "Refusal", "mend", "restore"]
