//! A million wrapped objects made and dropped by each thread of a free-threaded Python, held against nanobind and pybind11
//! at the same number of threads.
//!
//! A time is wall time × cores in use ÷ objects: waiting counts, more threads than cores don't. `at once` drops each object
//! before the next one is made, `kept` holds a thousand. nanobind's pooled class, which an author must ask for, is printed.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::python::Python;
use common::samples::Samples;
use common::{Stop, bench, bindings, optional};

const PROCESSES: u64 = 5;
const THREADS: [usize; 4] = [1, 2, 4, 8];
const LIBRARIES: [&str; 4] = ["interbind", "nanobind", "pybind11", "nanobind, pooled"];

const PROGRAM: &str = "
import importlib, itertools, os, random, threading, time
assert not sys._is_gil_enabled()
cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
OBJECTS, KEPT = 1_000_000, 1000
classes = {}
for name in 'interbind', 'nanobind', 'pybind11':
    try: m = importlib.import_module('bench_' + name)
    except ImportError: continue
    classes[name] = m.Point
    if hasattr(m, 'PooledPoint'): classes[name + ', pooled'] = m.PooledPoint
assert not sys._is_gil_enabled()

def at_once(cls, start, end):
    start.wait()
    for _ in range(OBJECTS // 10):
        cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0)
        cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0)
    end.wait()

def kept(cls, start, end):
    start.wait()
    for _ in range(OBJECTS // KEPT):
        held = [cls(1.0, 2.0) for _ in range(KEPT)]
    held = None
    end.wait()

def measure(work, cls, threads):
    start, end = threading.Barrier(threads + 1), threading.Barrier(threads + 1)
    started = [threading.Thread(target=work, args=(cls, start, end)) for _ in range(threads)]
    for thread in started: thread.start()
    start.wait()
    begin = time.perf_counter()
    end.wait()
    wall = time.perf_counter() - begin
    for thread in started: thread.join()
    return wall * min(threads, cores) / (threads * OBJECTS) * 1e9

cells = list(itertools.product((at_once, kept), classes, (1, 2, 4, 8)))
random.Random(int(sys.argv[1])).shuffle(cells)
for work, name, threads in cells:
    print(f'{name}/{work.__name__}/{threads}', measure(work, classes[name], threads), sep='\\t')
";

fn main() -> ExitCode {
    bench("threads_construct", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::free_threaded()?;
    let mut folders = vec![bindings::interbind(&python)?];
    folders.extend(optional("nanobind", bindings::nanobind(&python))?);
    folders.extend(optional("pybind11", bindings::pybind11(&python))?);
    let folders: Vec<_> = folders.iter().map(|folder| folder.as_path()).collect();
    let samples = interleave(&[Child::printing(&python, PROGRAM, &folders)], PROCESSES)?;

    println!("threads_construct: {}, median of {PROCESSES} processes", python.name);
    for (work, title) in [("at_once", "each dropped at once"), ("kept", "dropped by the thousand")] {
        println!(
            "\n{title}: ns per object, slow-down against one thread, ours against theirs at the same number"
        );
        println!("  {:<18}{:>9}{:>22}{:>22}{:>22}", "threads", 1, 2, 4, 8);
        for library in LIBRARIES {
            row(&samples[0], library, work);
        }
    }
    Ok(())
}

fn row(samples: &Samples, library: &str, work: &str) {
    let cell = |library: &str, threads| format!("{library}/{work}/{threads}");
    if samples.median(&cell(library, 1)).is_nan() {
        return;
    }
    print!("  {library:<18}");
    for threads in THREADS {
        let name = cell(library, threads);
        print!("{:>9.1}", samples.median(&name));
        if threads > 1 {
            print!(" {:>4.2}×", samples.ratio(&name, &cell(library, 1)).median);
        }
        if library != "interbind" {
            print!(" ({:>4.2}×)", samples.ratio(&cell("interbind", threads), &name).median);
        }
    }
    println!();
}
