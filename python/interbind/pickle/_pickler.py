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
        self._fresh, self._left, self._writing = True, None, False
        self.globals_ref = session.begin(None)
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
        try:
            session = self._session
        except AttributeError:
            raise PicklingError(f"Pickler.__init__() was not called by {type(self).__name__}.__init__()") from None
        if self._writing:
            # Python's own would go on in the same output, which is gone by the time that the outer one comes back to it.
            raise RuntimeError("this Pickler is writing an object: use another one, or wait until it is done")
        if self._left is not None:
            self._check_memo()
        empty = self._fresh and not self.memo.copy()
        session.hooked(self._is_hooked())
        session.begin(obj)
        self._writing = True
        try:
            super().dump(obj)
            self._fresh = False
        except BaseException as error:
            # The pickler's memo has what nobody can load: it wasn't written, or not to its end.
            if empty:
                self.clear_memo()
            else:
                self._left = set(self.memo.copy())
            if isinstance(error, RecursionError):
                raise PicklingError("Could not pickle object as excessively deep recursion required.") from error
            if not isinstance(error, MemoryError):
                _reducers.explain(error, session, obj)
            raise
        finally:
            self._writing = False
            session.end(None)

    def _check_memo(self):
        left, self._left = self._left, None
        if left and left == set(self.memo.copy()):
            self._left = left
            raise PicklingError(
                "the last dump of this pickler failed, and its memo has objects that no stream has; "
                "fix: call clear_memo() if what comes next is loaded by itself, or make a new pickler and a new stream"
            )

    def _is_hooked(self):
        if type(self) is Pickler and not self.__dict__.keys() & _HOOKS:
            return False
        return any(getattr(getattr(self, name), "__func__", None) is not getattr(Pickler, name) for name in _HOOKS)

    # A subclass may have its own of these three: each calls the next.

    def _function_reduce(self, obj):
        if self._session.by_name(obj):
            return NotImplemented
        return self._dynamic_function_reduce(obj)

    def _dynamic_function_reduce(self, func):
        if getattr(self._function_getnewargs, "__func__", None) is Pickler._function_getnewargs:
            return self._session.function(func)
        arguments = self._function_getnewargs(func)
        asked, reduced = self.__dict__.pop("_reduced", (None, None))
        if asked is not func:
            reduced = self._session.function(func)
        return (reduced[0], arguments, *reduced[2:])

    def _function_getnewargs(self, func):
        # Asked once: which functions share a variable is counted.
        reduced = self._session.function(func)
        self._reduced = (func, reduced)
        return reduced[1]


_HOOKS = {"_function_reduce", "_dynamic_function_reduce", "_function_getnewargs"}


class _Dispatch:
    """The name that the table had in cloudpickle before 1.6."""

    def __get__(self, pickler, owner=None):
        return _reducers.whole()


Pickler.dispatch = _Dispatch()
Pickler.reducer_override = _native.override_for(Pickler)

#: The name that the class has in cloudpickle's older programs.
CloudPickler = Pickler


#: Options of the writer: where one of them is given, it writes the stream.
_WRITERS = frozenset(("portable", "deterministic", "identity", "positions", "locks", "engine"))


def dump(obj, file, protocol=None, buffer_callback=None, **options):
    """Pickle an object into a file. The options are those of `Pickler`, or those of `interbind.pickle.own.dump`."""
    if not _WRITERS.isdisjoint(options):
        from . import own

        return own.dump(obj, file, protocol, buffer_callback=buffer_callback, **options)
    Pickler(file, protocol=protocol, buffer_callback=buffer_callback, **options).dump(obj)
