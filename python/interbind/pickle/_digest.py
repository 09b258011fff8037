"""Keys for caches: what an object is, as a hash that is the same in every process."""

import sys

from .. import _pickle as _native
from ._portable import Options, is_standard

_CODE = ("reference", "project")


def digest(
    obj, algorithm="sha256", *, sort_keys=False, positions="keep", code="reference", normalize=None, by_value=None, locks=None
):
    """Return the hexadecimal hash of what an object is.

    Equal input has one digest in every process of one Python version. Nothing is built: the canonical stream goes to the hash piece
    by piece.

    - `algorithm`: a name that `hashlib` knows.
    - `sort_keys=True`: the order of dicts doesn't count.
    - `positions="strip"`: moving a function in its file doesn't count.
    - `code="project"`: the code of functions and classes in modules outside `site-packages` and the standard library counts too;
      with "reference" those are their names.
    - `normalize={cls: function}`: of objects of exactly that class counts what the function returns.
    - `by_value` and `locks` as for `dumps`.
    """
    import hashlib

    if code not in _CODE:
        raise ValueError(f"code={code!r}: it is 'reference' or 'project'")
    given = Options(deterministic=True, identity=None, positions=positions, by_value=by_value, locks=locks)
    given.sort_keys = bool(sort_keys)
    if normalize is not None:
        given.normalize = dict(normalize)
    if code == "project":
        given.rules += (is_of_project,)
    hash = hashlib.new(algorithm)
    _native.value_digest(obj, hash.update, given)
    return hash.hexdigest(*(() if hash.digest_size else (32,)))


def is_of_project(name):
    """Tell whether a module is neither installed nor part of Python."""
    if is_standard(name):
        return False
    path = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(path, str):
        return False
    parts = path.replace("\\", "/").split("/")
    return "site-packages" not in parts and "dist-packages" not in parts
