"""Makes a folder in which a package `cloudpickle` stands that is nothing but `interbind.pickle`."""

import os
import tempfile

_CONTENT = """import sys
import interbind.pickle
import interbind.pickle.cloudpickle
import interbind.pickle.cloudpickle_fast

sys.modules["cloudpickle.cloudpickle"] = interbind.pickle.cloudpickle
sys.modules["cloudpickle.cloudpickle_fast"] = interbind.pickle.cloudpickle_fast
sys.modules["cloudpickle"] = interbind.pickle
"""


def folder():
    """Return the folder, to be put first on `PYTHONPATH`: child processes inherit it."""
    made = tempfile.mkdtemp()
    os.mkdir(os.path.join(made, "cloudpickle"))
    with open(os.path.join(made, "cloudpickle", "__init__.py"), "w") as file:
        file.write(_CONTENT)
    return made
