//! Calls from several threads of a free-threaded Python, on one object for all and on an object for each.
//!
//! A time is what one call takes a core: the calling thread's CPU time, so that neither other programs nor more threads
//! than cores count. What matters is the slow-down against one thread, next to PyO3's own. Waiting shows in wall time
//! only, which is printed too: wall time × cores in use ÷ calls, against the same with one thread.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::{Stop, bench};

const PROCESSES: u64 = 3;
const THREADS: [usize; 4] = [1, 2, 4, 8];
const ROWS: [&str; 5] = ["no-op", "own frozen", "foreign frozen", "own PyRef", "foreign tracked"];

/// Each thread calls through a `functools.partial` of its own: a shared function object would be counted by all threads,
/// which costs more than anything that is measured here.
const PROGRAM: &str = "
import functools, itertools, os, random, threading, time, timeit
import bench_provider as p, bench_consumer as c
assert not sys._is_gil_enabled()
cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
kinds = {
    'no-op': (c.nothing, c.OwnPoint), 'own frozen': (c.own_frozen, c.OwnPoint), 'foreign frozen': (c.foreign_frozen, p.Point),
    'own PyRef': (c.own_ref, c.OwnSpan), 'foreign tracked': (c.foreign_tracked, p.Span),
}
CALLS, ROUNDS = 500_000, 5

def measure(function, cls, threads, shared):
    one = cls(1.0, 2.0)
    start, end = threading.Barrier(threads + 1), threading.Barrier(threads + 1)
    def work():
        names = dict(f=functools.partial(function), a=one if shared else cls(1.0, 2.0))
        timer = timeit.Timer('; '.join(['g(b)'] * 10), 'g, b = f, a', timer=time.thread_time, globals=names)
        timer.timeit(100)
        start.wait()
        took.append(timer.timeit(CALLS // 10) / CALLS * 1e9)
        end.wait()
    took = []
    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started: thread.start()
    start.wait()
    begin = time.perf_counter()
    end.wait()
    wall = time.perf_counter() - begin
    for thread in started: thread.join()
    return sum(took) / threads, wall * min(threads, cores) / (threads * CALLS) * 1e9

cells = list(itertools.product(kinds, (1, 2, 4, 8), (True, False)))
seeded = random.Random(int(sys.argv[1]))
for _ in range(ROUNDS):
    seeded.shuffle(cells)
    for kind, threads, shared in cells:
        for what, ns in zip(('cpu', 'wall'), measure(*kinds[kind], threads, shared)):
            print('/'.join([kind, 'shared' if shared else 'each', what, str(threads)]), ns, sep='\\t')
";

fn main() -> ExitCode {
    bench("threads_shared", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::free_threaded()?;
    let provider = Fixture::new("bench-provider-0-28", "bench_provider").folder(&python)?;
    let consumer = Fixture::new("bench-consumer-0-28", "bench_consumer").profile("fat").folder(&python)?;
    let samples = interleave(&[Child::printing(&python, PROGRAM, &[&provider, &consumer])], PROCESSES)?;
    let samples = &samples[0];

    println!("threads_shared: {}, PyO3 0.28 on both sides, median of {PROCESSES} processes", python.name);
    for (objects, title) in [("each", "an object for each thread"), ("shared", "one object for all threads")]
    {
        println!("\n{title}: ns per call, slow-down against one thread (the same in wall time)");
        println!("  {:<18}{:>8}{:>23}{:>23}{:>23}", "threads", 1, 2, 4, 8);
        for row in ROWS {
            print!("  {row:<18}");
            for threads in THREADS {
                let cell = |what, threads| format!("{row}/{objects}/{what}/{threads}");
                let slower = |what| samples.ratio(&cell(what, threads), &cell(what, 1)).median;
                print!("{:>8.1}", samples.median(&cell("cpu", threads)));
                if threads > 1 {
                    print!(" {:>5.2}× ({:>4.2}×)", slower("cpu"), slower("wall"));
                }
            }
            println!();
        }
    }
    Ok(())
}
