"""Runs one cell in a process of its own: `python -s -S -B -X faulthandler run_cell.py cell.json`.

Called by src/launch.rs alone. Small, because Python compiles it anew each time; the rest is compiled once for all cells of an
interpreter, into the folder that INTERBIND_COMPILED names. `-I` is not used because it would also ignore PYTHONHASHSEED.
"""

# Python's own modules first: they are compiled where they belong.
import gc  # noqa: F401
import importlib.machinery
import importlib.util  # noqa: F401
import os
import sys
import threading  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in sys.path:
    sys.path.insert(0, HERE)
sys.pycache_prefix, sys.dont_write_bytecode = os.environ.get("INTERBIND_COMPILED"), "INTERBIND_COMPILED" not in os.environ
import phases  # noqa: E402

sys.pycache_prefix, sys.dont_write_bytecode = None, True
sys.path.remove(HERE)

if __name__ == "__main__":
    # Kept by name: in mode `exit` what the cell holds must still be alive when the interpreter ends.
    finished_cell = phases.main()
