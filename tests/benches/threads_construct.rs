//! A million wrapped objects made and dropped by each thread of a free-threaded Python, held against nanobind and pybind11
//! at the same number of threads.
//!
//! A time is what one object takes a core: the thread's CPU time, so that neither other programs nor more threads than cores
//! count; waiting shows in wall time only, which is printed behind it: wall time × cores in use ÷ objects. `at once` drops
//! each object before the next one is made, `kept` holds a thousand. `Point` is an aggregate; `Spot` has a constructor, so a
//! binding must know each of its objects from the start. nanobind's pooled class, which an author must ask for, is printed.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::python::Python;
use common::samples::Samples;
use common::{Stop, bench, bindings, optional};

const PROCESSES: u64 = 5;
const THREADS: [usize; 4] = [1, 2, 4, 8];
/// Library and class, and whom of ours it is held against.
const ROWS: [(&str, &str); 7] = [
    ("interbind Point", ""),
    ("nanobind Point", "interbind Point"),
    ("pybind11 Point", "interbind Point"),
    ("interbind Spot", ""),
    ("nanobind Spot", "interbind Spot"),
    ("pybind11 Spot", "interbind Spot"),
    ("nanobind PooledPoint", "interbind Point"),
];

const PROGRAM: &str = "
import importlib, itertools, os, random, threading, time
assert not sys._is_gil_enabled()
cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
OBJECTS, KEPT = 1_000_000, 1000
classes = {}
for name in 'interbind', 'nanobind', 'pybind11':
    try: m = importlib.import_module('bench_' + name)
    except ImportError: continue
    for cls in 'Point', 'Spot', 'PooledPoint':
        if hasattr(m, cls): classes[f'{name} {cls}'] = getattr(m, cls)
assert not sys._is_gil_enabled()

def at_once(cls):
    for _ in range(OBJECTS // 10):
        cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0)
        cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0); cls(1.0, 2.0)

def kept(cls):
    for _ in range(OBJECTS // KEPT):
        held = [cls(1.0, 2.0) for _ in range(KEPT)]
    held = None

def measure(work, cls, threads):
    start, end, took = threading.Barrier(threads + 1), threading.Barrier(threads + 1), []
    def one():
        start.wait()
        begin = time.thread_time()
        work(cls)
        took.append(time.thread_time() - begin)
        end.wait()
    started = [threading.Thread(target=one) for _ in range(threads)]
    for thread in started: thread.start()
    start.wait()
    begin = time.perf_counter()
    end.wait()
    wall = time.perf_counter() - begin
    for thread in started: thread.join()
    return sum(took) / (threads * OBJECTS) * 1e9, wall * min(threads, cores) / (threads * OBJECTS) * 1e9

cells = list(itertools.product((at_once, kept), classes, (1, 2, 4, 8)))
random.Random(int(sys.argv[1])).shuffle(cells)
for work, name, threads in cells:
    for what, ns in zip(('cpu', 'wall'), measure(work, classes[name], threads)):
        print(f'{name}/{work.__name__}/{what}/{threads}', ns, sep='\\t')
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
            "\n{title}: ns per object (in wall time), slow-down against one thread; ours against theirs"
        );
        println!("  {:<21}{:>14}{:>30}{:>30}{:>30}", "threads", 1, 2, 4, 8);
        for (name, ours) in ROWS {
            row(&samples[0], name, ours, work);
        }
    }
    Ok(())
}

fn row(samples: &Samples, name: &str, ours: &str, work: &str) {
    let cell = |name: &str, what, threads| format!("{name}/{work}/{what}/{threads}");
    if samples.median(&cell(name, "cpu", 1)).is_nan() {
        return;
    }
    print!("  {name:<21}");
    for threads in THREADS {
        let cpu = cell(name, "cpu", threads);
        print!("{:>7.1} ({:>5.1})", samples.median(&cpu), samples.median(&cell(name, "wall", threads)));
        if threads > 1 {
            print!(" {:>4.2}×", samples.ratio(&cpu, &cell(name, "cpu", 1)).median);
        }
        if !ours.is_empty() {
            print!("; {:>4.2}×", samples.ratio(&cell(ours, "cpu", threads), &cpu).median);
        }
    }
    println!();
}
