//! Objects of pybind11's classes, from modules that know nothing of interbind, taken by modules in C and in Rust.
//!
//! `geo` is the module of pybind11; `taker` takes its points, `second` is another build of that, and `rusty` takes them in Rust. Some of
//! them have the switch for pybind11's known layout.

use interbind_tests::casters::Caster;
use interbind_tests::extension::Extension;
use interbind_tests::laws::{Law, at_once, go_through, hold};
use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::Package;
use interbind_tests::pairs::Library::Pybind11;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::takers::{RUSTY, pyo3_for, takers};
use interbind_tests::workshop;

const WHAT: &str = "pybind11's objects";

/// A release, what its module is compiled with, and the interpreters that it is tried on.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    ("2.11.2", &[], &["3.11"]),
    ("3.1.0", &[], &["3.13", "3.13t"]),
    ("3.1.0", &["-DLOCAL"], &["3.13"]),
    // Some distributions set parts of the id.
    ("3.1.0", &["-DSMART", "-DPYBIND11_COMPILER_TYPE=\"mine\""], &["3.13"]),
];

/// Those that are tried with `INTERBIND_PAIRS=all` besides.
const MORE_CASES: &[Case] = &[
    ("2.12.1", &[], &["3.12"]),
    ("2.13.6", &["-DSHARED"], &["3.13"]),
    ("2.13.6", &["-DLOCAL"], &["3.13t"]),
    ("3.0.1", &[], &["3.13"]),
    ("3.0.1", &["-DSMART"], &["3.13"]),
    ("3.1.0", &["-DLOCAL"], &["3.13t"]),
];

fn built(version: &'static str, flags: &'static [&'static str], python: &'static Python) -> Option<Modules> {
    let workshop = workshop!();
    let mut modules = takers(Modules::new(workshop, "from-pybind11", python), workshop, WHAT)?;
    modules = Native::new("tests/fixtures/foreign/evil.c", "evil", Linked::ByHeaders)
        .add_to(modules, workshop, WHAT)?;
    let geo = Caster::new("geo", Pybind11, version).source("tests/fixtures/foreign/pybind11.cpp");
    // The first that serves the free-threaded 3.13 has no such switch.
    let pyo3 = pyo3_for(python);
    let features = if pyo3.newest { "\"pyo3\", \"known-layouts\"" } else { "\"pyo3\"" };
    let folder = workshop.join(format!("rusty-{}", pyo3.release));
    let package = Package::new("rusty", RUSTY).interbind(features).dependency(pyo3.dependency);
    let modules = modules.with(&Extension::of(&package, &folder));
    Some(geo.flags(flags).add_to(modules, workshop, WHAT)?.unwrap_or_else(|said| panic!("{said}")))
}

const BEFORE: &str = "
import taker, second, rusty, geo
both = taker, second, rusty
";

const LAWS: &[Law] = &[
    (
        "a_module_that_python_copies_into_another_interpreter_is_refused_there",
        include_str!("../fixtures/foreign/copied.py"),
    ),
    (
        "objects_of_pybind11_are_taken_where_their_point_is",
        "
class Sub(geo.Point):
    pass
class Mixed(geo.Named, geo.Point):
    def __init__(self, x, y):
        geo.Named.__init__(self)
        geo.Point.__init__(self, x, y)
class Slots(geo.Point):
    __slots__ = 'more',
# Behind a class that overrides a function of C++ is an object of the trampoline.
class Acts(geo.Acting):
    def f(self): return -1.0
assert geo.act(Acts(3, 4)) == -1.0 and geo.act(geo.Acting(3, 4)) == 3.0
kinds = geo.Point, Sub, Slots, geo.After, geo.Virtual, geo.hidden, geo.made, Mixed, geo.Acting, Acts
for kind in kinds:
    for m in both:
        p = kind(3, 4)
        assert m.norm(p) == 5.0, kind
        # What one module has found, each of them knows.
        assert taker.norm_unadapted(p) == 5.0
        if kind is not geo.made and kind is not geo.Point:
            continue
        p.x = 6.0
        p.y = 8.0
        assert m.norm(p) == 10.0
assert geo.norm(geo.one_of_ours()) == taker.norm(geo.one_of_ours())
# Virtual bases lie elsewhere in each class of C++, and here are two behind one class of Python.
p, q = geo.Virtual(1, 2), geo.hidden(1, 2)
assert type(p) is type(q) and taker.norm(p) == taker.norm(q)
# A record for each class that was asked about first.
assert taker.records() == 1, taker.records()
",
    ),
    (
        "a_class_that_inherits_may_come_first",
        "
class Sub(geo.After):
    pass
assert taker.norm(Sub(3, 4)) == taker.norm(geo.After(3, 4)) == 5.0 and taker.records() == 1
assert taker.norm(geo.Virtual(3, 4)) == 5.0 and taker.records() == 2
assert taker.norm(geo.Point(3, 4)) == 5.0 and taker.records() == 3
for kind in geo.Point, geo.After, geo.Virtual, geo.hidden, Sub:
    assert taker.norm(kind(6, 8)) == second.norm(kind(6, 8)) == 10.0
assert taker.records() == 3
",
    ),
    (
        "what_holds_no_point_is_refused",
        "
class Mixed(geo.Named, geo.Other):
    def __init__(self):
        geo.Named.__init__(self)
        geo.Other.__init__(self, 1, 2)
others = geo.Other(1, 2), geo.Named(), geo.Big(), geo.Virtuals(), Mixed(), 3, 'text', None, object(), geo, geo.Point, type
for o in others:
    error = refused('not-published', taker.norm, o)
    assert 'fix: ' in str(error)
assert taker.records() == 0
assert taker.norm(geo.Point(3, 4)) == 5.0
for o in others:
    error = refused('wrong-object', taker.norm, o)
    assert 'provider: geo (pybind11, ' in str(error) and 'consumer: taker 1.0.0' in str(error), error
refused('untracked', taker.write, geo.Point(1, 2))
",
    ),
    (
        "an_object_without_a_value_is_refused",
        "
class Sub(geo.Point):
    pass
class Mixed(geo.Point, geo.Named):
    def __init__(self): pass
class Turned(geo.Named, geo.Point):
    pass
half, other_half = Mixed.__new__(Mixed), Turned.__new__(Turned)
geo.Named.__init__(half)
geo.Named.__init__(other_half)
def empty():
    for kind in geo.Point, geo.After, geo.Virtual, Sub, Mixed, Turned:
        yield kind.__new__(kind)
    yield half
    yield other_half
for known in False, True:
    if known:
        assert taker.norm(geo.Point(3, 4)) == 5.0
    for o in empty():
        error = refused('wrong-object', taker.norm, o)
        assert '__init__' in str(error), error
geo.Point.__init__(half, 3, 4)
geo.Point.__init__(other_half, 3, 4)
assert taker.norm(half) == taker.norm(other_half) == 5.0
if hasattr(geo, 'take_over'):
    p = geo.Point(3, 4)
    assert taker.norm(p) == 5.0 and geo.take_over(p) == 3.0
    error = refused('wrong-object', taker.norm, p)
    assert isinstance(error.__cause__, ValueError), repr(error.__cause__)
    for m in second, rusty:
        p = geo.Point(3, 4)
        geo.take_over(p)
        error = refused('wrong-object', m.norm, p)
        assert isinstance(error.__cause__, ValueError), repr(error.__cause__)
",
    ),
    (
        "a_conduit_that_is_not_pybind11s_is_never_called",
        "
called = []
CONDUIT = '_pybind11_conduit_v1_'
def pretends(*arguments):
    called.append(arguments)
    raise AssertionError('called')
real = vars(geo.Point)[CONDUIT]
instancemethod = type(real)
kept = []
def stale(self, abi, type, kind):
    called.append(kind)
    return kept[0]
class Str(str):
    def __eq__(self, other): called.append(other); return True
    __hash__ = str.__hash__
methods = [
    pretends, staticmethod(pretends), classmethod(pretends), property(pretends), instancemethod(pretends), instancemethod(len),
    instancemethod(geo.norm), instancemethod(geo.Point.__init__), stale, 3, None, vars(dict)['get'], instancemethod(dict.get),
    type('instancemethod', (), {'__func__': real.__func__, '__get__': pretends})(),
    type('builtin_function_or_method', (), {'__call__': pretends, '__name__': CONDUIT})(),
    instancemethod(type('F', (), {'__call__': pretends, '__name__': CONDUIT})()),
]
for method in methods:
    for base in (), (geo.Other,):
        kind = type('Kind', base, {CONDUIT: method})
        o = kind(1, 2) if base else kind()
        refused('not-published', taker.norm, o)
    o = type('Asked', (), {'__getattr__': lambda self, name: method})()
    refused('not-published', taker.norm, o)
class Meta(type):
    def __getattribute__(cls, name):
        called.append(name)
        return super().__getattribute__(name)
    def mro(cls):
        return super().mro()
class Watched(metaclass=Meta): pass
called.clear()
refused('not-published', taker.norm, Watched())
asked = [name for name in called if name != '__name__']
assert not asked, asked
# The real one on a class that isn't pybind11's answers to nobody.
class Moved: pass
setattr(Moved, CONDUIT, real)
refused('not-published', taker.norm, Moved())
# A class that overrides it is asked by the real one.
class Overrides(geo.Point):
    def _pybind11_conduit_v1_(self, *arguments):
        called.append(arguments)
        raise AssertionError('called')
called.clear()
assert taker.norm(Overrides(3, 4)) == 5.0 and not called
# What is changed later changes nothing.
assert taker.norm(geo.Point(3, 4)) == 5.0
for method in pretends, real.__func__, None:
    try:
        setattr(geo.Point, CONDUIT, method)
    except Exception:
        continue
    assert taker.norm(geo.Point(3, 4)) == second.norm(geo.Point(3, 4)) == 5.0 and not called
    delattr(geo.Point, CONDUIT)
    assert taker.norm(geo.Point(3, 4)) == 5.0
    setattr(geo.Point, CONDUIT, real)
assert not called
",
    ),
    (
        "a_class_of_python_code_is_never_read_as_pybind11s_base",
        "
import itertools
CONDUIT = '_pybind11_conduit_v1_'
SIZE = next(kind for kind in geo.Point.__mro__ if kind.__name__ == 'pybind11_object').__basicsize__
# Where pybind11 has an address, an object of Python's own has a number that Python code chooses.
def pretends(base):
    for slots in range(8):
        kind = type('pybind11_object', (base,), {'__slots__': [f's{i}' for i in range(slots)]})
        if kind.__basicsize__ == SIZE:
            setattr(kind, CONDUIT, vars(geo.Point)[CONDUIT])
            return kind
    raise AssertionError(base)
for o in pretends(itertools.repeat)(None, 0x414141414141), pretends(itertools.count)(0x414141414141), pretends(object)():
    for kind in type(o), type('Sub', (type(o),), {'__slots__': ()}):
        if kind is not type(o) and type(o).__basicsize__ == kind.__basicsize__:
            try:
                o.__class__ = kind
            except TypeError:
                continue
        for m in both:
            refused('not-published', m.norm, o)
# Each way up is another one, and there are more of them than anyone can go.
L = R = pretends(object)
L, R = type('L', (L,), {'__slots__': ()}), type('R', (R,), {'__slots__': ()})
for level in range(40):
    L, R = type('L', (L, R), {'__slots__': ()}), type('R', (L, R), {'__slots__': ()})
o = L()
o.s0 = o.s1 = (1, 2)
for m in both:
    refused('not-published', m.norm, o)
",
    ),
    (
        "a_conduit_that_was_moved_vouches_for_no_value",
        "
CONDUIT = '_pybind11_conduit_v1_'
said = []
class Mixed(geo.Named, geo.Point):
    def __init__(self):
        geo.Named.__init__(self)
        # Its point hasn't been made yet.
        for m in both:
            said.append(refused('wrong-object', m.norm, self))
        geo.Point.__init__(self, 3, 4)
for kind in geo.Point, geo.Named, geo.Other:
    setattr(Mixed, CONDUIT, vars(kind)[CONDUIT])
    o = Mixed()
    assert said
    for m in both:
        assert m.norm(o) == 5.0, kind
",
    ),
    (
        "a_class_that_is_inherited_more_than_once_is_one_part",
        "
class A(geo.Point): pass
class B(geo.Point): pass
class Both(A, B, geo.Named):
    def __init__(self, x, y):
        geo.Point.__init__(self, x, y)
        geo.Named.__init__(self)
o = Both(3, 4)
assert all(m.norm(o) == 5.0 for m in both)
",
    ),
    (
        "a_conduit_in_c_that_lies_is_refused",
        "
import evil
method = type(vars(geo.Point)['_pybind11_conduit_v1_'])(evil._pybind11_conduit_v1_)
class Alone: _pybind11_conduit_v1_ = method
class Above(geo.Named): pass
geo.Named._pybind11_conduit_v1_ = method
for lie in range(8):
    evil.tell(lie)
    for m in both:
        for o in geo.Named(), Above():
            error = refused('wrong-object' if lie in (5, 7) else 'not-published', m.norm, o)
            assert lie != 5 or isinstance(error.__cause__, KeyError), error.__cause__
        refused('not-published', m.norm, Alone())
# That of a class of Python code isn't asked, whatever it would say: the real one is.
class Worse(geo.Point): _pybind11_conduit_v1_ = method
for lie in range(8):
    evil.tell(lie)
    for m in both:
        assert m.norm(geo.Point(3, 4)) == m.norm(Worse(3, 4)) == 5.0
",
    ),
    (
        "names_of_pybind11_in_pythons_dicts_mislead_nobody",
        "
import builtins, datetime
for name in '__pybind11_internals_v', '__pybind11_internals_v5', '__pybind11_internals_v5__', '__pybind11_internals_v99_x__', \\
        '__pybind11_internals_v5_' + 'y' * 5000 + '__':
    setattr(builtins, name, object())
for i in range(40):
    setattr(builtins, f'__pybind11_internals_v7_many{i}__', None)
builtins.__dict__[3] = None
capsule = datetime.datetime_CAPI
class Local(geo.Other): pass
for kind in Local, geo.Other:
    for name in '__pybind11_module_local_v12_x__', '__pybind11_module_local_v12', '__pybind11_module_local_v5_x__':
        for value in capsule, None, 3, geo.Point(1, 2):
            setattr(kind, name, value)
            refused('not-published', taker.norm, kind(1, 2))
del builtins.__dict__[3]
# Ids of nobody are in front, and there are more than are tried: the real one stands in the interpreter's own dict.
assert taker.norm(geo.Point(3, 4)) == 5.0
",
    ),
    (
        "what_stands_under_pybind11s_keys_is_read_with_care",
        "
import builtins, ctypes, datetime
# The interpreter's own dict, which Python code doesn't have: 3.12's collector doesn't know it either.
api = ctypes.pythonapi
api.PyInterpreterState_Get.restype = ctypes.c_void_p
api.PyInterpreterState_GetDict.argtypes, api.PyInterpreterState_GetDict.restype = [ctypes.c_void_p], ctypes.py_object
api.Py_IncRef.argtypes, api.Py_IncRef.restype = [ctypes.py_object], None
own = api.PyInterpreterState_GetDict(api.PyInterpreterState_Get())
# What is returned was borrowed.
api.Py_IncRef(own)
function = vars(geo.Point)['_pybind11_conduit_v1_'].__func__
capsules = [vars(kind)[name] for kind in (geo.Point, geo.Other) for name in vars(kind) if name.startswith('__pybind11_module_')]
capsules = [*capsules[:1], function.__self__, datetime.datetime_CAPI, None]
all = [builtins.__dict__, own]
# A class each, for what was published once isn't asked about again.
for capsule, kind, m in zip(capsules, (geo.Virtual, geo.After, geo.Point), (rusty, taker, rusty)):
    put = [(d, key, d[key]) for d in all for key in d if type(key) is str and key.startswith('__pybind11_internals_v')]
    assert put
    for d, key, _ in put:
        d[key] = capsule
    assert m.norm(kind(3, 4)) == 5.0
    for d, key, real in put:
        d[key] = real
",
    ),
    (
        "a_class_that_dies_is_forgotten",
        "
class Sub(geo.Point): pass
def many():
    for i in range(50):
        class Fresh(geo.Point): pass
        assert taker.norm(Fresh(3, 4)) == 5.0
many()
collect()
assert taker.records() == 1
# The publication may be ended by Python code, and comes again.
p = geo.Point(3, 4)
for _ in range(20):
    assert taker.norm(p) == second.norm(p) == 5.0
    for name in list(vars(geo.Point)):
        if name.startswith('__interbind'):
            delattr(geo.Point, name)
    assert taker.records() in (0, 1)
assert taker.norm(p) == 5.0 and taker.records() == 1
",
    ),
    (
        "an_object_whose_last_other_reference_goes_lives_as_long_as_the_call",
        "
class Sub(geo.Point): pass
for kind in geo.Point, Sub, geo.After, geo.Virtual, geo.Acting:
    for m in taker, second:
        box, seen = [kind(3, 4)], []
        def ends():
            box.clear()
            collect()
            seen.extend(kind(-1, -1) for _ in range(50))
        assert m.read_after(box[0], ends) == 3.0 and len(seen) == 50
        box = [kind(3, 4)]
        def fails():
            box.clear()
            raise KeyError('inside')
        try:
            m.read_after(box[0], fails)
        except KeyError:
            continue
        raise AssertionError('it is raised')
    # The class, and what was found out about it, too.
    kind = type('Fresh', (kind,), {})
    box = [kind(3, 4), kind]
    del kind
    assert taker.read_after(box[0], lambda: (box.clear(), collect())) == 3.0
",
    ),
    (
        "threads_take_objects_at_once",
        "
p = geo.Point(3, 4)
start = threading.Barrier(2 * len(both))
failed = []
def work(m):
    try:
        start.wait()
        own = geo.After(6, 8)
        for _ in range(300):
            assert m.norm(p) == 5.0 and m.norm(own) == 10.0
            refused('wrong-object', m.norm, geo.Point.__new__(geo.Point))
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=(m,)) for m in both * 2]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
# At the recursion limit.
def deeper():
    try:
        assert taker.norm(geo.Virtual(3, 4)) == 5.0
        deeper()
    except RecursionError:
        pass
deeper()
assert taker.norm(geo.Virtual(3, 4)) == 5.0
",
    ),
];

#[test]
fn modules_in_c_and_in_rust_take_objects_of_pybind11() {
    let mut cases = Vec::new();
    let more = std::env::var("INTERBIND_PAIRS").is_ok_and(|value| value == "all");
    for (version, flags, pythons) in CASES.iter().chain(MORE_CASES.iter().filter(|_| more)) {
        for name in *pythons {
            cases.extend(Python::find(name, WHAT).map(|python| (*version, *flags, python)));
        }
    }
    at_once(&cases, |(version, flags, python)| {
        if let Some(modules) = built(version, flags, python) {
            go_through(&modules, BEFORE, LAWS, quiet);
            if flags.is_empty() {
                measured(modules, version);
            }
        }
    });
}

/// A class of another size, in a process of its own: the internals have one class of a C++ type.
fn measured(modules: Modules, version: &'static str) {
    let wide = Caster::new("wide", Pybind11, version).source("tests/fixtures/foreign/pybind11.cpp");
    let built = wide.flags(&["-DWIDE"]).add_to(modules, workshop!(), WHAT);
    let Some(modules) = built.map(|built| built.unwrap_or_else(|said| panic!("{said}"))) else { return };
    let script = "
import taker, second, rusty, wide
# Without a GIL other threads may change what would be read.
is_known = sys.platform == 'linux' and getattr(sys, '_is_gil_enabled', lambda: True)()
for m in taker, second, rusty:
    for kind in wide.Point, wide.After, type('Sub', (wide.Point,), {}):
        if is_known:
            error = refused('layout-differs', m.norm, kind(3, 4))
            assert 'size: provider has 24, this module expects 16' in str(error) and 'fix: ' in str(error), error
        else:
            assert m.norm(kind(3, 4)) == 5.0
    refused('wrong-object' if not is_known else 'not-published', m.norm, wide.Other(1, 2))
";
    hold(&modules, "", &("a_class_of_another_size_is_refused", script), quiet);
}

/// Two releases whose ids are other texts, in one process: nothing crosses by itself.
#[cfg(target_os = "linux")]
const BRIDGED: &str = "
import interbind, taker, geo, newer
def raised(type, words, call, *arguments):
    try:
        result = call(*arguments)
    except type as error:
        assert words in str(error), error
        return error
    raise AssertionError(f'{words!r} is expected, not {result!r}')
p = geo.Point(3, 4)
raised(TypeError, 'incompatible', newer.norm, p)
error = refused('not-published', interbind.bridge, geo.Point)
assert 'fix: ' in str(error) and 'geo.Point' in str(error), error
assert taker.norm(p) == 5.0
interbind.bridge(geo.Point)
before = dict(vars(geo.Point))
interbind.bridge(geo.Point)
assert dict(vars(geo.Point)) == before
del before
class Sub(geo.Point): pass
for kind in geo.Point, Sub, geo.After, geo.Virtual, geo.hidden:
    p = kind(3, 4)
    for f in newer.norm, newer.norm_of_value, newer.norm_without_conversion, newer.norm_detached:
        assert f(p) == 5.0, (kind, f)
    assert newer.chosen(p) == 'point'
    newer.set_x(p, 6.0)
    assert taker.address(p) and geo.norm(p) == newer.norm(p)
    # The pointer holds the Python object.
    assert newer.shared(p) == 6.0
for o in geo.Other(1, 2), geo.Named(), geo.Point.__new__(geo.Point), 3, geo.Point:
    raised(TypeError, 'incompatible', newer.norm, o)
# On another class the attribute leads nowhere.
class Moved: pass
for name, value in vars(geo.Point).items():
    if name.startswith('__pybind11_module_local_v12_'):
        setattr(Moved, name, value)
        setattr(geo.Other, name, value)
raised(TypeError, 'incompatible', newer.norm, Moved())
raised(TypeError, 'incompatible', newer.norm, geo.Other(1, 2))
for cls in int, Sub, Moved, type:
    refused('wrong-object', interbind.bridge, cls)
refused('not-published', interbind.bridge, geo.Named)
for wrong in 3, None, p:
    raised(TypeError, 'takes a class of pybind11', interbind.bridge, wrong)
";

#[cfg(target_os = "linux")]
#[test]
fn a_bridge_has_pybind11_3_1_take_objects_of_an_older_one() {
    let Some(python) = Python::find("3.11", WHAT) else { return };
    let Some(modules) = built("2.11.2", &[], python) else { return };
    let newer = Caster::new("newer", Pybind11, "3.1.0").source("tests/fixtures/foreign/pybind11.cpp");
    let Some(built) = newer.flags(&["-DSHARED"]).add_to(modules, workshop!(), WHAT) else { return };
    let modules =
        interbind_tests::native::with_runtime(built.unwrap_or_else(|said| panic!("{said}")), workshop!());
    hold(&modules, "", &("a_bridge_has_pybind11_3_1_take_objects_of_an_older_one", BRIDGED), quiet);
}

/// Why no class gets a bridge to functions of pybind11 before 3.1: three modules of pybind11 alone. `geo` has the class for all, `held` has
/// one of its own, held by a `std::shared_ptr`, and `given` gives objects by the way that a bridge would take.
const UNBRIDGED: &str = "
import geo, held, given
p = given.Point(3, 4)
assert geo.norm(p) == held.norm(p) == 5.0
# What pybind11 keeps for everybody says that the class has no pointer that a function could take,
try:
    geo.shared(geo.Point(3, 4))
except RuntimeError as error:
    assert 'holder' in str(error), error
else:
    raise AssertionError('a std::shared_ptr of an object that has none')
# and a function of a module with a class of its own gets an empty one: no record that can be seen tells.
assert held.shared(held.Point(3, 4)) == 3.0
assert held.shared(p) == -1.0
";

#[test]
fn no_record_of_pybind11_2_tells_which_functions_take_a_shared_pointer() {
    let Some(python) = Python::find("3.11", WHAT) else { return };
    let mut modules = Modules::new(workshop!(), "unbridged", python);
    let sides: [(&str, &[&str]); 3] =
        [("geo", &["-DTAKES_SHARED"]), ("held", &["-DLOCAL", "-DSHARED"]), ("given", &["-DLOCAL"])];
    for (name, flags) in sides {
        let caster = Caster::new(name, Pybind11, "2.13.6").source("tests/fixtures/foreign/pybind11.cpp");
        let Some(built) = caster.flags(flags).add_to(modules, workshop!(), WHAT) else { return };
        modules = built.unwrap_or_else(|said| panic!("{said}"));
    }
    let law = ("no_record_of_pybind11_2_tells_which_functions_take_a_shared_pointer", UNBRIDGED);
    hold(&modules, "", &law, quiet);
}
