"""Runs a program as Python itself would, then reads the interpreter it ran in.

Started as `python -c <this text> OUT KIND CODE [ARG…]`, where KIND is `code` or `script`. Writes JSON lines to the file OUT:
one for each extension that was loaded and each error or warning, as they come, and at the end one with what stands in the
interpreter. Nothing is written to stdout or stderr. Runs on Python 3.9 and later, with and without a GIL, and on PyPy.

Memory is read through functions of Python's C API and of the loader alone, never at an offset that somebody guessed.
"""


def _reader():
    import atexit, json, os, sys, time, traceback, types

    out, kind, code = sys.argv[1:4]
    arguments = sys.argv[4:]
    owner = os.getpid()
    cpython = sys.implementation.name == 'cpython'
    loads = []
    over = []
    unreadable = []
    say_failed = []

    def say(event, **fields):
        # A child that was forked has the same hooks, and is no part of the run.
        if os.getpid() != owner:
            return
        try:
            line = json.dumps(dict(fields, event=event), default=repr)
            with open(out, 'a', encoding='utf-8', errors='surrogatepass') as file:
                file.write(line.encode('utf-8', 'replace').decode('utf-8') + '\n')
        except Exception as error:
            say_failed.append(repr(error))

    def gil():
        enabled = getattr(sys, '_is_gil_enabled', None)
        return enabled() if enabled else None

    # --------------------------------------------------------------------------------------------- Python's C API

    try:
        import ctypes
        api = ctypes.pythonapi if cpython else None
    except Exception as error:
        ctypes = api = None
        unreadable.append('the C API: ctypes is missing (%s)' % error)

    def function(name, result, *types_):
        found = getattr(api, name)
        found.restype, found.argtypes = result, list(types_)
        return found

    def interpreter_dict():
        """The dict in which frameworks keep their state; None where it can't be reached."""
        if api is None:
            return None
        try:
            current = function('PyInterpreterState_Get', ctypes.c_void_p)()
            borrowed = function('PyInterpreterState_GetDict', ctypes.c_void_p, ctypes.c_void_p)(current)
            return ctypes.cast(borrowed, ctypes.py_object).value if borrowed else None
        except Exception as error:
            unreadable.append("the interpreter's dict: %s" % error)
            return None

    def file_at(address):
        """The loaded file that an address is in; None for memory of no file."""
        if not address or ctypes is None:
            return None
        try:
            if os.name == 'nt':
                kernel = ctypes.WinDLL('kernel32', use_last_error=True)
                module = ctypes.c_void_p()
                # From an address, and without counting a reference.
                found = kernel.GetModuleHandleExW(ctypes.c_uint(6), ctypes.c_void_p(address), ctypes.byref(module))
                if not found:
                    return None
                name = ctypes.create_unicode_buffer(32768)
                kernel.GetModuleFileNameW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint]
                return name.value if kernel.GetModuleFileNameW(module, name, 32768) else None
            class Info(ctypes.Structure):
                _fields_ = [('file', ctypes.c_char_p), ('base', ctypes.c_void_p),
                            ('name', ctypes.c_char_p), ('address', ctypes.c_void_p)]
            whole = ctypes.CDLL(None)
            dladdr = getattr(whole, 'dladdr', None)
            info = Info()
            if dladdr(ctypes.c_void_p(address), ctypes.byref(info)) and info.file:
                return os.path.realpath(os.fsdecode(info.file))
        except Exception as error:
            note = 'which file an address is in: %s' % error
            if note not in unreadable:
                unreadable.append(note)
        return None

    def capsule(value):
        """A capsule's name and pointer."""
        if api is None:
            return None, None
        try:
            name = function('PyCapsule_GetName', ctypes.c_char_p, ctypes.py_object)(value)
            pointer = function('PyCapsule_GetPointer', ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(value, name)
            return (None if name is None else name.decode('utf-8', 'replace')), pointer
        except Exception:
            return None, None

    MARKS = ('pybind11', 'nb_internals', 'nanobind', 'interbind', 'pymetabind')

    def of_interest(key):
        return isinstance(key, str) and any(mark in key for mark in MARKS)

    def places():
        import builtins
        state = interpreter_dict()
        if state is not None:
            yield 'interpreter', state
        yield 'builtins', vars(builtins)

    def keys():
        # Other threads may write meanwhile.
        return [(place, key) for place, found in places() for key in list(found) if of_interest(key)]

    # ------------------------------------------------------------------------------- what happens during the run

    def watch_loads():
        from importlib.machinery import ExtensionFileLoader as Loader
        # Framework after framework: each hook does what it stands for, and takes notes.
        def wrap(name):
            original = getattr(Loader, name)
            def watched(self, argument):
                if over or os.getpid() != owner:
                    return original(self, argument)
                before, had = gil(), keys()
                try:
                    result = original(self, argument)
                except BaseException as error:
                    say('raised', where='import', type=qualified(type(error)), message=text_of(error), text=traced(error),
                        module=self.name, file=os.fspath(self.path))
                    raise
                finally:
                    after, has = gil(), keys()
                    loads.append({
                        'module': self.name, 'file': os.fspath(self.path), 'step': name,
                        'keys': [list(key) for key in has if key not in had],
                        'gil_enabled': bool(before is False and after),
                    })
                    say('loaded', **loads[-1])
                return result
            watched.__name__, watched.__qualname__ = original.__name__, original.__qualname__
            setattr(Loader, name, watched)
        wrap('create_module')
        wrap('exec_module')

    def qualified(cls):
        return cls.__qualname__ if cls.__module__ == 'builtins' else '%s.%s' % (cls.__module__, cls.__qualname__)

    def text_of(error):
        try:
            return str(error)
        except BaseException:
            return '<its str() failed>'

    def traced(error, tb=None):
        try:
            return ''.join(traceback.format_exception(type(error), error, tb or error.__traceback__))
        except BaseException:
            return '%s: %s' % (qualified(type(error)), text_of(error))

    def watch_warnings():
        import warnings
        name = '_showwarnmsg' if hasattr(warnings, '_showwarnmsg') else 'showwarning'
        original = getattr(warnings, name)
        def watched(*values, **named):
            if over:
                return original(*values, **named)
            message = values[0]
            category = getattr(message, 'category', None) or (values[1] if len(values) > 1 else Warning)
            where = getattr(message, 'filename', None)
            said = getattr(message, 'message', message)
            say('raised', where='warning', type=qualified(category), message=str(said),
                text='%s: %s' % (category.__name__, said), file=where)
            return original(*values, **named)
        setattr(warnings, name, watched)

    def watch_unraisable():
        original = sys.unraisablehook
        def watched(unraisable):
            error = unraisable.exc_value
            if error is not None:
                say('raised', where='unraisable', type=qualified(type(error)), message=text_of(error), text=traced(error))
            return original(unraisable)
        sys.unraisablehook = watched

    # ------------------------------------------------------------------------------------ what stands there in the end

    def key_facts():
        appeared = {}
        for load in loads:
            for key in load['keys']:
                appeared.setdefault(tuple(key), load)
        facts = []
        for place, found in places():
            for key in list(found):
                if not of_interest(key):
                    continue
                value = found[key]
                fact = {'place': place, 'key': key, 'type': qualified(type(value))}
                if type(value).__name__ == 'PyCapsule':
                    name, pointer = capsule(value)
                    fact['capsule'] = name
                    fact['pointer_in'] = file_at(pointer)
                digits = key[len(key.rstrip('0123456789')):]
                if key.startswith('__pybind11_module_local_') and digits:
                    # The key ends in the address of a static of the module it belongs to.
                    fact['owner'] = file_at(int(digits))
                load = appeared.get((place, key))
                if load:
                    fact['appeared_with'] = load['module']
                    fact['appeared_from'] = load['file']
                facts.append(fact)
        return facts

    def published():
        """The types in interbind's own registry, each with the module that provides it; None: they can't be read."""
        if api is None or ctypes.sizeof(ctypes.c_void_p) != 8:
            return None
        class Text(ctypes.Structure):
            _fields_ = [('at', ctypes.c_void_p), ('bytes', ctypes.c_uint64)]
            def __str__(self):
                return ctypes.string_at(self.at, self.bytes).decode('utf-8', 'replace') if self.bytes else ''
        # Records that are frozen: `abi.lock` has their offsets.
        def word(address):
            return ctypes.c_uint64.from_address(address).value
        def text(address):
            return str(Text.from_address(address))
        def is_record(address, magic, size):
            head = ctypes.string_at(address, 16)
            return head[:8] == magic and int.from_bytes(head[8:12], 'little') >= size and head[12:14] == b'\x01\x00'
        Visit = ctypes.PYFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p)
        VisitName = ctypes.PYFUNCTYPE(ctypes.c_uint32, Text, ctypes.c_void_p, ctypes.c_void_p)
        List = ctypes.PYFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        Next = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        found = []
        for place, state in places():
            value = state.get('__interbind_internals_v1__')
            core = None if value is None else capsule(value)[1]
            if not core or sys.byteorder != 'little' or not is_record(core, b'ib.core\0', 168):
                continue
            services, lists = [], []
            def service(at, context):
                services.append(at)
                return 0
            def name(text_, list_, context):
                lists.append(list_)
                return 0
            visit, visit_name = Visit(service), VisitName(name)
            List(word(core + 152))(core, ctypes.cast(visit, ctypes.c_void_p), None)
            for types_at in services:
                if not is_record(types_at, b'ib.types', 136):
                    continue
                List(word(types_at + 88))(types_at, ctypes.cast(visit_name, ctypes.c_void_p), None)
                for list_ in lists:
                    record = Next(word(types_at + 64))(list_, None)
                    while record:
                        owner_ = word(record + 160)
                        found.append({'name': text(record + 16), 'version': text(record + 32), 'owner': text(owner_ + 16)})
                        record = Next(word(types_at + 64))(list_, record)
        return found

    def native(module):
        file = getattr(module, '__file__', None)
        spec = getattr(module, '__spec__', None)
        from importlib.machinery import ExtensionFileLoader, EXTENSION_SUFFIXES
        if isinstance(getattr(spec, 'loader', None), ExtensionFileLoader):
            return spec.origin or file
        if isinstance(file, str) and file.endswith(tuple(EXTENSION_SUFFIXES)):
            return file
        return None

    def loaded_modules():
        found = []
        for name, module in list(sys.modules.items()):
            try:
                file = native(module)
            except Exception:
                continue
            if file:
                found.append({'name': name, 'file': os.path.realpath(os.fspath(file)),
                              'version': plain(vars(module).get('__version__')), 'python_own': own_part(file)})
        return found

    def own_part(file):
        """Whether a file is a part of Python itself."""
        import sysconfig
        folder = os.path.realpath(sysconfig.get_path('platstdlib') or '')
        file = os.path.realpath(os.fspath(file))
        return file.startswith(folder + os.sep) and 'site-packages' not in file

    def plain(value):
        return value if isinstance(value, str) else None

    def mapped():
        """Every file whose code is in the process."""
        files = set()
        try:
            with open('/proc/self/maps', encoding='utf-8', errors='replace') as maps:
                for line in maps:
                    fields = line.rstrip('\n').split(None, 5)
                    if len(fields) == 6 and 'x' in fields[1] and fields[5].startswith('/'):
                        files.add(fields[5])
        except OSError:
            unreadable.append('which libraries are loaded: there is no /proc here')
        return sorted(files)

    def every_class():
        """Every class that is alive, by going down from `object`."""
        seen, left = {id(object)}, [object]
        while left:
            cls = left.pop()
            yield cls
            try:
                children = type.__subclasses__(cls)
            except Exception:
                continue
            for child in children:
                if id(child) not in seen:
                    seen.add(id(child))
                    left.append(child)

    # A number of Python's stable ABI.
    DEALLOC = 52

    def code_of(cls, slot):
        if api is None:
            return None
        try:
            return file_at(function('PyType_GetSlot', ctypes.c_void_p, ctypes.py_object, ctypes.c_int)(cls, slot))
        except Exception:
            return None

    def made_by(cls):
        """The file whose code a class's functions run in: pybind11 compiles what calls them into each module."""
        for value in list(vars(cls).values()):
            function_ = getattr(value, '__func__', value)
            if type(function_).__name__ != 'builtin_function_or_method' or api is None:
                continue
            try:
                address = function('PyCFunction_GetFunction', ctypes.c_void_p, ctypes.py_object)(function_)
            except Exception:
                continue
            file = file_at(address)
            if file:
                return file
        return None

    def framework_of(cls):
        """Which registry a class belongs to: its framework, and what stands for the registry; None: to none."""
        meta = type(cls)
        if meta.__name__ == 'pybind11_type':
            for base in type.mro(cls) if meta is type else cls.__mro__:
                if base.__name__ == 'pybind11_object' and base.__module__ == 'pybind11_builtins':
                    return ('pybind11', id(base)) if base is not cls else None
            return None
        if meta.__name__.startswith('nb_type') and meta.__module__ == 'nanobind':
            return 'nanobind', id(type(meta))
        return None

    def python_made(cls):
        """Whether a class was made by a `class` statement."""
        return '__firstlineno__' in vars(cls) or '__dict__' in vars(cls) and '__weakref__' in vars(cls)

    def class_facts():
        files = {module['file']: module['name'] for module in loaded_modules()}
        registries, twins, others = {}, {}, {}
        class Plain:
            pass
        pythons = code_of(Plain, DEALLOC)
        for cls in every_class():
            try:
                name, module = cls.__qualname__, cls.__module__
                if not isinstance(name, str) or not isinstance(module, str):
                    continue
                if module in ('pybind11_builtins', 'nanobind'):
                    # The frameworks' own, one set for each registry or module.
                    continue
                belongs = framework_of(cls)
                if belongs is None:
                    if not (cls.__flags__ & 1 << 9) or isinstance(cls, type) and python_made(cls):
                        continue
                    file = code_of(cls, DEALLOC)
                    if file in files:
                        others.setdefault(name.rsplit('.', 1)[-1], []).append(
                            {'module': module, 'name': name, 'file': file, 'registry': None})
                    continue
                framework, registry = belongs
                owner_ = code_of(cls, DEALLOC)
                made = made_by(cls) if framework == 'pybind11' else owner_
                # A class of Python's own making inherits from a bound one, and is none.
                if api is not None and (made is None or made == pythons):
                    continue
                known = registries.setdefault((framework, registry), {
                    'framework': framework, 'number': len(registries), 'owner': None, 'classes': []})
                known['owner'] = known['owner'] or owner_
                fact = {'module': module, 'name': name, 'file': made, 'registry': known['number']}
                known['classes'].append(fact)
                twins.setdefault(name.rsplit('.', 1)[-1], []).append(fact)
            except Exception:
                continue
        for name, found in others.items():
            twins.setdefault(name, []).extend(found)
        double = []
        for name, found in twins.items():
            places_ = {(fact['file'], fact['module'], fact['registry']) for fact in found}
            named = {fact['file'] for fact in found}
            if len(places_) > 1 and (len(named) > 1 or len({fact['registry'] for fact in found}) > 1):
                double.append({'name': name, 'classes': found})
        return list(registries.values()), double

    def interpreters():
        for name in ('_interpreters', '_xxsubinterpreters'):
            try:
                found = __import__(name)
                ids = found.list_all()
                ids = [each[0] if isinstance(each, tuple) else each for each in ids]
                return [int(each) for each in ids]
            except Exception:
                continue
        return None

    def read():
        if os.getpid() != owner:
            return
        if not cpython:
            unreadable.append("%s has no interpreter dict and no capsules that Python code can look into: only `builtins` "
                              'was read' % sys.implementation.name)
        over.append(True)
        import sysconfig, warnings
        try:
            warnings.simplefilter('ignore')
            registries, twins = class_facts()
            types_of_ours = None
            try:
                types_of_ours = published()
            except Exception as error:
                unreadable.append("the types in interbind's registry: %s" % error)
            say('end',
                keys=key_facts(), modules=loaded_modules(), mapped=mapped(), registries=registries, twins=twins,
                interpreters=interpreters(), gil=gil(), published=types_of_ours, unreadable=unreadable + say_failed,
                swig=sorted(name for name in sys.modules if name.startswith('swig_runtime_data')),
                python={
                    'executable': sys.executable, 'version': '%d.%d.%d' % sys.version_info[:3],
                    'implementation': sys.implementation.name,
                    'free_threaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED')),
                    'debug': hasattr(sys, 'gettotalrefcount'), 'platform': sysconfig.get_platform(),
                })
        except BaseException as error:
            say('failed', text=traced(error))

    # ------------------------------------------------------------------------------------------------ the program itself

    main = types.ModuleType('__main__')
    main.__builtins__ = __builtins__
    safe = getattr(sys.flags, 'safe_path', False)
    if kind == 'code':
        sys.argv[:] = ['-c'] + arguments
        if not safe:
            sys.path[0] = ''
        source, name = code, '<string>'
    else:
        sys.argv[:] = [code] + arguments
        folder = os.path.dirname(os.path.realpath(code))
        if not safe:
            sys.path[0] = folder
        main.__file__ = main.__cached__ = None
        main.__file__ = code
        source, name = None, code
    main.__loader__ = main.__spec__ = None
    sys.modules['__main__'] = main
    say('started', version=list(sys.version_info[:3]))
    # Registered first, it runs last: behind the program's own functions, when its threads have ended.
    atexit.register(read)
    for watch in (watch_loads, watch_warnings, watch_unraisable):
        try:
            watch()
        except Exception as error:
            unreadable.append('%s: %s' % (watch.__name__, error))

    def run():
        if source is None:
            import io
            with io.open_code(code) as file:
                program = compile(file.read(), name, 'exec', dont_inherit=True)
        else:
            program = compile(source, name, 'exec', dont_inherit=True)
        exec(program, main.__dict__)

    try:
        run()
        say('ran')
    except SystemExit as stop:
        say('exit', code=stop.code if isinstance(stop.code, (int, type(None))) else 1)
        raise
    except BaseException as error:
        # What is above the program's own frames is ours.
        tb = error.__traceback__
        while tb and tb.tb_frame.f_globals is not main.__dict__:
            tb = tb.tb_next
        say('raised', where='uncaught', type=qualified(type(error)), message=text_of(error), text=traced(error, tb))
        if isinstance(error, KeyboardInterrupt):
            raise
        sys.excepthook(type(error), error.with_traceback(tb), tb)
        sys.exit(1)


_reader()
