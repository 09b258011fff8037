//! Modules that leave the implementation to the wheel's runtime: what they carry, what they say where it's missing or
//! spoiled, and what the runtime says of spoiled questions.
//!
//! That such modules share like all others is shown where the laws of sharing are: `examples`, `interpreters`, `services`,
//! `instances`.

use std::fs;
use std::sync::OnceLock;

use interbind_tests::extension::Extension;
use interbind_tests::laws;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::with_runtime;
use interbind_tests::package::Package;
use interbind_tests::workshop;

fn extension(name: &str) -> Extension {
    let package =
        Package::of("lean", name).interbind("").dependency("pyo3-ffi = \"0.30\"").profile("strip = true");
    Extension::of(&package, &workshop!().join("lean"))
}

/// `lean` and `other`, without an implementation and without the wheel.
fn alone() -> Option<&'static Modules> {
    static ALONE: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        let python = interbind_tests::examples::python("modules without an implementation")?;
        let modules = Modules::new(workshop!(), "lean", python);
        let lean = |name| extension(name).without_implementation();
        Some(modules.with(&lean("lean")).with(&lean("other")))
    };
    ALONE.get_or_init(build).as_ref()
}

/// The same beside the wheel's runtime.
fn beside() -> Option<&'static Modules> {
    static BESIDE: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        let alone = alone()?;
        let modules = ["lean", "other"]
            .iter()
            .fold(Modules::new(workshop!(), "lean-beside", alone.python()), |modules, name| {
                modules.with_built(name, &alone.file(name))
            });
        Some(with_runtime(modules, workshop!()))
    };
    BESIDE.get_or_init(build).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

/// What scripts need to speak of the table in bytes.
const BEFORE: &str = "
import ctypes, lean, other, struct, sys
api = ctypes.pythonapi
api.PyInterpreterState_Get.restype = ctypes.c_void_p
api.PyInterpreterState_GetDict.argtypes, api.PyInterpreterState_GetDict.restype = [ctypes.c_void_p], ctypes.c_void_p
api.PyCapsule_New.argtypes, api.PyCapsule_New.restype = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p], ctypes.py_object
api.PyCapsule_GetPointer.argtypes, api.PyCapsule_GetPointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
KEY = '__interbind_runtime_v1__'
keep = []
def state():
    # The reference is borrowed.
    return ctypes.cast(api.PyInterpreterState_GetDict(api.PyInterpreterState_Get()), ctypes.py_object).value
def block(data):
    # As aligned as a record.
    keep.append((ctypes.c_uint64 * (len(data) // 8))())
    ctypes.memmove(keep[-1], data, len(data))
    return ctypes.addressof(keep[-1])
def capsule(address, name=KEY):
    keep.append(name.encode())
    return api.PyCapsule_New(address, keep[-1], None)
def header(magic, size, major=1, minor=0):
    return magic.ljust(8, b'\\0') + struct.pack('=IHH', size, major, minor)
def refused(reason, call, *arguments, error=ImportError):
    try:
        result = call(*arguments)
    except error as found:
        assert found.interbind_reason == reason, (found.interbind_reason, found)
        return found
    raise AssertionError(f'expected {reason}, got {result!r}')
class Point:
    pass
";

laws! {
    beside, BEFORE, quiet;

    the_first_to_need_it_imports_the_runtime_which_owns_what_it_makes: "
assert 'interbind._runtime' not in sys.modules
error = refused('not-published', lean.norm, Point(), error=TypeError)
assert 'interbind._runtime' in sys.modules
assert '\\n  consumer: lean 0.1.0 (lean' in str(error), error
assert KEY in state()
import interbind._runtime
assert refused('not-published', other.norm, Point(), error=TypeError).interbind_reason
# A core's head names its owner.
core = api.PyCapsule_GetPointer(state()['__interbind_internals_v1__'], b'__interbind_internals_v1__')
name, length = struct.unpack('=QQ', ctypes.string_at(core + 32, 16))
assert ctypes.string_at(name, length) == b'interbind._runtime'
";

    whoever_forgets_the_runtime_finds_its_table_again: "
refused('not-published', lean.norm, Point(), error=TypeError)
table = state()[KEY]
for name in [name for name in sys.modules if name.startswith('interbind')]:
    del sys.modules[name]
refused('not-published', other.norm, Point(), error=TypeError)
assert not [name for name in sys.modules if name.startswith('interbind')], 'nobody had to import it'
import interbind._runtime
assert state()[KEY] is table, 'what stands there stays'
";

    a_table_that_is_none_is_refused_part_by_part: "
good = header(b'ib.runtm', 56) + struct.pack('=5Q', *[1] * 5)
def with_header(*of, **more):
    return header(*of, **more) + good[16:]
spoiled = [
    ('not-a-capsule', 5, \"provider has int, this module expects a capsule of that name\"),
    ('not-a-capsule', capsule(block(good), 'another'), 'provider has PyCapsule,'),
    ('malformed-record', capsule(block(good + bytes(8)) + 4), 'address: provider has a multiple of 8 plus 4, this module expects a multiple of 8'),
    ('bad-magic', capsule(block(with_header(b'ib.core', 56))), 'magic: provider has ib.core., this module expects ib.runtm'),
    ('malformed-record', capsule(block(with_header(b'ib.runtm', 20))), 'provider has 20, this module expects '),
    ('malformed-record', capsule(block(with_header(b'ib.runtm', 48))), 'provider has 48, this module expects 56'),
    ('other-major', capsule(block(with_header(b'ib.runtm', 56, 2))), 'major: provider has 2, this module expects 1'),
] + [
    ('malformed-record', capsule(block(good[:place] + bytes(8) + good[place + 8:])), 'functions: provider has NULL')
    for place in (24, 32, 40, 48)
]
for reason, stands, says in spoiled:
    state()[KEY] = stands
    for module in lean, other:
        error = refused(reason, module.norm, Point())
        assert says in str(error), (says, str(error))
        assert str(error).startswith(f\"cannot share types with '{module.__name__}' ({reason})\\n  runtime, \"), error
        assert f'\\n  consumer: {module.__name__} 0.1.0, interbind ' in str(error), error
        assert str(error).splitlines()[-1].startswith('  fix: pip install --upgrade'), error
# Nothing of it was remembered.
del state()[KEY]
refused('not-published', lean.norm, Point(), error=TypeError)
";

    a_runtime_that_fails_without_a_word_is_told_of: "
FAILED = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 4)
OK = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
for function in FAILED, OK:
    keep.append(function)
    address = ctypes.cast(function, ctypes.c_void_p).value
    state()[KEY] = capsule(block(header(b'ib.runtm', 56) + struct.pack('=5Q', *[address] * 5)))
    # A table is judged once: each module has its own turn.
    module = lean if function is FAILED else other
    for _ in range(2):
        error = refused('provider-panicked', module.norm, Point(), error=RuntimeError)
        assert 'failed without saying why' in str(error), error
";

    a_question_that_cant_be_read_is_answered_with_an_exception: "
refused('not-published', lean.norm, Point(), error=TypeError)
table = api.PyCapsule_GetPointer(state()[KEY], KEY.encode())
owner, bind, judge, maker, refuse = struct.unpack('=5Q', ctypes.string_at(table + 16, 40))
P, I = ctypes.c_void_p, ctypes.c_int
bind = ctypes.PYFUNCTYPE(I, P, P, P, P)(bind)
judge = ctypes.PYFUNCTYPE(I, P, P, P, P)(judge)
maker = ctypes.PYFUNCTYPE(I, P, P, P)(maker)
refuse = ctypes.PYFUNCTYPE(None, P, P)(refuse)
core, types, out = (ctypes.c_void_p() for _ in range(3))
ref = ctypes.byref
# bind: no record, another kind of record, nowhere to write.
for module in None, block(header(b'ib.core', 112) + bytes(96)), block(header(b'ib.owner', 112, 2) + bytes(96)):
    error = refused('malformed-record', bind, table, module, ref(core), ref(types))
    assert 'owner record' in str(error) and 'provider: interbind._runtime' in str(error), error
refused('malformed-record', bind, table, owner, None, ref(types))
assert core.value is None and types.value is None
assert bind(table, owner, ref(core), ref(types)) == 0
# An expectation, whole: then each part spoiled.
def text(value):
    value = value.encode() if isinstance(value, str) else value
    if not value:
        return struct.pack('=QQ', 0, 0)
    return struct.pack('=QQ', block(value.ljust((len(value) + 7) // 8 * 8, b'\\0')), len(value))
list_of = ctypes.PYFUNCTYPE(I, P, P, ctypes.c_uint64, P)
name = text('org.test.Point')
listed = ctypes.c_void_p()
class Text(ctypes.Structure):
    _fields_ = [('ptr', ctypes.c_void_p), ('len', ctypes.c_uint64)]
LIST = ctypes.PYFUNCTYPE(I, P, Text, P)(struct.unpack('=Q', ctypes.string_at(types.value + 56, 8))[0])
assert LIST(types, Text(*struct.unpack('=QQ', name)), ref(listed)) == 0
def expectation(head=header(b'ib.expct', 152), consumer=owner, core=core.value, types=types.value, list=listed.value,
        name=name, descriptor=text('x'), requirement=text('^1'), origin=text(''), align=8):
    return block(head + struct.pack('=4Q', consumer or 0, core or 0, types or 0, list or 0) + name + descriptor
        + requirement + origin + struct.pack('=6I', 1, 0, 0, 2, 0, 0) + struct.pack('=IIQ', 1, 0, align))
point = Point()
error = refused('not-published', judge, table, expectation(), id(point), ref(out), error=TypeError)
assert 'Point' in str(error) and 'org.test.Point ^1' in str(error), error
refused('not-published', maker, table, expectation(), ref(out), error=TypeError)
bad = [None, expectation(head=header(b'ib.owner', 152)), expectation(head=header(b'ib.expct', 144)),
    expectation(head=header(b'ib.expct', 152, 2)), expectation(consumer=0), expectation(core=0), expectation(types=0),
    expectation(list=0), expectation(name=text(b'\\xff')), expectation(descriptor=struct.pack('=QQ', 0, 4)),
    expectation(requirement=struct.pack('=QQ', 8, 1 << 40)), expectation(origin=text(b'\\xc0')), expectation(align=0),
    expectation(align=12)]
for one in bad:
    assert 'expectation' in str(refused('malformed-record', judge, table, one, id(point), ref(out)))
    refused('malformed-record', maker, table, one, ref(out))
refused('malformed-record', judge, table, expectation(), None, ref(out))
refused('malformed-record', judge, table, expectation(), id(point), None)
refused('malformed-record', maker, table, expectation(), None)
assert out.value is None
# A refusal, whole and spoiled.
def refusal(head=header(b'ib.refus', 88), exception=0, sides=2, reason=text('layout-differs'),
        said=text('no {0}\\npart {1}\\ndo {0} {7} {x}'), values=block(text('one') + text(b'\\xff')), count=2, provider=0, consumer=owner):
    return block(head + struct.pack('=II', exception, sides) + reason + said
        + struct.pack('=4Q', values or 0, count, provider or 0, consumer or 0))
for code, error in (0, ImportError), (1, TypeError), (2, RuntimeError), (77, TypeError):
    raised = refused('layout-differs', refuse, table, refusal(exception=code), error=error)
    assert type(raised) is error
    assert str(raised).startswith('no one (layout-differs)\\n  part ?\\n  consumer: interbind._runtime '), raised
    assert str(raised).endswith('\\n  fix: do one  ?'), repr(str(raised))
for one in None, refusal(head=header(b'ib.refus', 80)), refusal(head=header(b'ib.refux', 88)):
    refused('malformed-record', refuse, table, one)
raised = refused('layout-differs', refuse, table, refusal(sides=3, provider=block(bytes(112)), consumer=0, values=0))
assert '\\n  provider: ? ? (?)' in str(raised) and '\\n  consumer: ? ? (?)' in str(raised), raised
raised = refused('layout-differs', refuse, table, refusal(sides=0, count=1 << 60, values=block(text('one') * 10)))
assert 'consumer' not in str(raised), raised
";
}

#[test]
fn without_the_wheel_a_module_says_what_to_install_and_works_once_it_is_there() {
    let (Some(alone), Some(beside)) = (alone(), beside()) else { return };
    let there = beside.folder().display().to_string();
    let script = format!(
        "{BEFORE}
for module in lean, other:
    error = refused('service-missing', module.norm, Point())
    lines = str(error).splitlines()
    assert lines[0] == f\"cannot share types with '{{module.__name__}}' (service-missing)\", error
    assert lines[1] == \"  runtime: `interbind._runtime` isn't there, and this module carries no implementation\", error
    assert lines[2].startswith(f'  consumer: {{module.__name__}} 0.1.0, interbind '), error
    assert lines[3].startswith(\"  fix: pip install --upgrade 'interbind>=\") and len(lines) == 4, error
    assert isinstance(error.__cause__, ModuleNotFoundError), error.__cause__
sys.path.append({there:?})
refused('not-published', lean.norm, Point(), error=TypeError)
"
    );
    quiet(&alone.run(&script));
}

#[test]
fn a_module_without_an_implementation_carries_none() {
    let Some(alone) = alone() else { return };
    let python = alone.python();
    let own = Modules::new(workshop!(), "lean-own", python).with(&extension("lean"));
    // The registry's anchors have a class of their own, whose name stands in what has a registry.
    let has = |modules: &Modules| {
        let library = fs::read(modules.file("lean")).expect("it was built");
        library.windows(17).any(|found| found == b"interbind.anchor\0")
    };
    assert!(has(&own), "the name is how the registry is found in a file");
    assert!(!has(alone));
    let script = "
import lean, sys
try:
    lean.norm(1)
except TypeError as found:
    print(found.interbind_reason, 'interbind' in sys.modules)
";
    assert_eq!(own.run(script).passed().trim(), "not-published False");
}

#[test]
fn each_interpreter_gets_a_core_of_its_own_through_one_table() {
    let Some(beside) = beside() else { return };
    let script = format!(
        "{BEFORE}
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
refused('not-published', lean.norm, Point(), error=TypeError)
where = sys.path
for turn in range(3):
    one = interpreters.create()
    code = f'''
import sys
sys.path[:] = {{where!r}}
import lean
try:
    lean.norm(object())
except TypeError as found:
    assert found.interbind_reason == \"not-published\", found
else:
    raise AssertionError
'''
    failed = interpreters.run_string(one, code)
    assert failed is None, failed
    interpreters.destroy(one)
"
    );
    beside.run(&script).passed();
}
