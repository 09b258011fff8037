"""Makes a folder in which a package `cloudpickle` stands that is nothing but `interbind.pickle`, or its own engine."""

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


#: What the engine doesn't have, as the list of modules that go by value, is the drop-in's.
_OWN = """import sys
import types
import interbind.pickle
from interbind.pickle import own

module = types.ModuleType("interbind.pickle.own")
module.__path__ = []
module.__getattr__ = lambda name: getattr(own if name in own.__all__ else interbind.pickle, name)
sys.modules["cloudpickle"] = module
"""


def folder(own=False):
    """Return the folder, to be put first on `PYTHONPATH`: child processes inherit it."""
    made = tempfile.mkdtemp()
    os.mkdir(os.path.join(made, "cloudpickle"))
    with open(os.path.join(made, "cloudpickle", "__init__.py"), "w") as file:
        file.write(_OWN if own else _CONTENT)
    return made
