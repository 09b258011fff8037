"""The pickler and its functions."""

import _pickle
from _pickle import PicklingError

from .. import _pickle as _native
from . import _reducers

DEFAULT_PROTOCOL = HIGHEST_PROTOCOL = 5

_member = _pickle.Pickler.dispatch_table
dumps = _native.dropin_dumps


class _Table:
    """The table of reducers. Of the class: the one that all picklers use, with `copyreg`'s behind it. Of a pickler: a dict of
    its own, made when it is asked for, whose entries win."""

    def __get__(self, pickler, owner=None):
        if pickler is None:
            return _reducers.whole()
        # While Python's pickler starts it asks for a table; without one it uses `copyreg`'s, and we add ours.
        if not hasattr(pickler, "_session"):
            raise AttributeError("dispatch_table")
        try:
            return _member.__get__(pickler)
        except AttributeError:
            table = dict(_reducers.whole())
            _member.__set__(pickler, table)
            return table

    def __set__(self, pickler, table):
        _member.__set__(pickler, table)

    def __delete__(self, pickler):
        _member.__delete__(pickler)


class Pickler(_pickle.Pickler):
    """Pickle objects into a file, functions and classes by value where they can't be imported.

    - `strict=True`: cloudpickle's bytes, or its error, also where they don't load right.
    - `compat="3.1.2"`: the bytes of cloudpickle 3.1.2, which have the names of the files that code came from.
    - `by_value=[module, "prefix.", function]`: what goes by value, for this pickler alone; a function takes a module's name.
    - `config`: what Apache Beam's copy of cloudpickle takes, see `CloudPickleConfig`.
    """

    __slots__ = ("__dict__", "__weakref__", "_session")

    dispatch_table = _Table()

    def __init__(
        self,
        file,
        protocol=None,
        buffer_callback=None,
        *,
        strict=False,
        compat=None,
        config=None,
        by_value=None,
    ):
        write = getattr(file, "write", None)
        if write is None:
            raise TypeError("file must have a 'write' attribute")
        if protocol is None:
            protocol = DEFAULT_PROTOCOL
        options = None
        if strict or compat is not None or config is not None or by_value:
            from ._options import make

            options = make(strict, compat, config, by_value)
        session = _native.start(options, write)
        if hasattr(self, "_session"):
            del self._session
        super().__init__(session, protocol=protocol, buffer_callback=buffer_callback)
        self._session = session
        self._first = True
        self._unseen = buffer_callback is None
        self.globals_ref = session.begin(False)
        self.proto = int(protocol)
        if config is not None:
            self.config = config

    @property
    def _table(self):
        try:
            return _member.__get__(self)
        except AttributeError:
            return None

    def dump(self, obj):
        session = self._session
        first, self._first = self._first, False
        # A dump that somebody watches isn't started again: it would be seen twice.
        # From Python 3.13 on there is always a `persistent_id`, Python's own.
        hook = getattr(self, "persistent_id", None)
        hooked = hook is not None and type(hook) is not type(len)
        unseen = type(self) is Pickler and self._unseen and not hooked and self._table is None
        globals_ref = session.begin(first and unseen and not self.memo.copy())
        while True:
            try:
                return super().dump(obj)
            except RecursionError as error:
                raise PicklingError("Could not pickle object as excessively deep recursion required.") from error
            except RuntimeError:
                # A function turned out to share a variable with earlier ones.
                if not session.again(None):
                    raise
                self.clear_memo()
                globals_ref.clear()

    def _dynamic_function_reduce(self, func):
        return self._session.function(func)

    def _function_reduce(self, obj):
        return self.reducer_override(obj)

    def _function_getnewargs(self, func):
        return self._session.function(func)[1]


class _Dispatch:
    """The name that the table had in cloudpickle before 1.6."""

    def __get__(self, pickler, owner=None):
        return _reducers.whole()


Pickler.dispatch = _Dispatch()
Pickler.reducer_override = _native.override_for(Pickler)

#: The name that the class has in cloudpickle's older programs.
CloudPickler = Pickler


def dump(obj, file, protocol=None, buffer_callback=None, **options):
    """Pickle an object into a file. The options are those of `Pickler`."""
    Pickler(file, protocol=protocol, buffer_callback=buffer_callback, **options).dump(obj)
