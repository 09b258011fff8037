"""Loading. Streams name functions of cloudpickle; where it can't be imported, those of this package do the same."""

import _pickle
import sys

_OURS = ("cloudpickle", "cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast")
_plain = None


class Unpickler(_pickle.Unpickler):
    """Python's unpickler, which finds cloudpickle's functions with or without cloudpickle."""

    def find_class(self, module, name):
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            if module not in _OURS or error.name != "cloudpickle":
                raise
        return super().find_class("interbind.pickle.cloudpickle", name)


def _cloudpickle_is_here():
    global _plain
    if _plain is None:
        # As `importlib.util.find_spec` does, which would import much else.
        finders = [finder.find_spec for finder in sys.meta_path if hasattr(finder, "find_spec")]
        _plain = "cloudpickle" in sys.modules or any(find("cloudpickle", None) for find in finders)
    return _plain


def loads(data, /, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=()):
    """Load an object from bytes."""
    if _cloudpickle_is_here():
        return _pickle.loads(data, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers)
    from _io import BytesIO

    file = BytesIO(data)
    return Unpickler(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers).load()


def load(file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=()):
    """Load an object from a file."""
    if _cloudpickle_is_here():
        return _pickle.load(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers)
    return Unpickler(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers).load()
