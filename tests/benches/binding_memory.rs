//! What a wrapped object and a registered type take, held against nanobind: counted by the C library, which all of
//! Python's allocations are sent to.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::python::Python;
use common::{Stop, bench, bindings, optional};

const PROCESSES: u64 = 3;

/// The environment can't be changed once Python runs, so the program starts itself again with another allocator.
const PROGRAM: &str = "
import os
if os.environ.get('PYTHONMALLOC') != 'malloc':
    os.environ['PYTHONMALLOC'] = 'malloc'
    os.execv(sys.executable, [sys.executable, '-s', '-S', '-B', '-c', SOURCE, *sys.argv[1:]])
import ctypes, gc, importlib

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'.split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info

def used():
    gc.collect()
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd

OBJECTS, TAGS = 1_000_000, 128
for name in 'interbind', 'nanobind':
    try: m = importlib.import_module('bench_' + name)
    except ImportError: continue
    before = used()
    m.register_tags()
    print(name + '/type', (used() - before) / TAGS, sep='\\t')
    held = [None] * OBJECTS
    m.Point(1.0, 2.0)
    before = used()
    for place in range(OBJECTS): held[place] = m.Point(1.0, 2.0)
    # The floats are constants of this program.
    print(name + '/object', (used() - before) / OBJECTS, sep='\\t')
    # Their addresses are known once they were passed to C++.
    for point in held: m.x_of(point)
    point = None
    print(name + '/known', (used() - before) / OBJECTS, sep='\\t')
    held = None
";

fn main() -> ExitCode {
    bench("binding_memory", run)
}

fn run() -> Result<(), Stop> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return Err(Stop::Skip("only glibc counts what is allocated".to_owned()));
    }
    let python = Python::find()?;
    let mut folders = vec![bindings::interbind(&python)?];
    folders.extend(optional("nanobind", bindings::nanobind(&python))?);
    let folders: Vec<_> = folders.iter().map(|folder| folder.as_path()).collect();
    let program =
        format!("SOURCE = {:?}\nexec(SOURCE)", format!("import sys\nsys.path[:0] = sys.argv[2:]\n{PROGRAM}"));
    let samples = interleave(&[Child::printing(&python, &program, &folders)], PROCESSES)?;
    let samples = &samples[0];

    println!("binding_memory: {}, median of {PROCESSES} processes; what the C library counts", python.name);
    for (what, title) in [
        ("object", "a wrapped object of 16 bytes, of a million"),
        ("known", "the same, passed to C++"),
        ("type", "a registered type, of 128"),
    ] {
        let [ours, theirs] = ["interbind", "nanobind"].map(|name| samples.median(&format!("{name}/{what}")));
        println!("  {title:<44} {ours:>8.1} B  nanobind {theirs:>8.1} B  {:.2} ×  ≤ 1.0", ours / theirs);
    }
    Ok(())
}
