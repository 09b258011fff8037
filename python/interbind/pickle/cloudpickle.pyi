from typing import Any

from . import CloudPickler as CloudPickler
from . import Pickler as Pickler
from . import Unpickler as Unpickler
from . import dump as dump
from . import dumps as dumps
from . import list_registry_pickle_by_value as list_registry_pickle_by_value
from . import load as load
from . import loads as loads
from . import register_pickle_by_value as register_pickle_by_value
from . import unregister_pickle_by_value as unregister_pickle_by_value

# The rest are cloudpickle's own functions, for streams and for programs that know it from inside.
def __getattr__(name: str) -> Any: ...
