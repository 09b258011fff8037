//! What one more sharing module costs: time to import it and bytes on disk, held against the same module without
//! interbind.
//!
//! Other modules that share have been imported before: one with an implementation of its own, and one that leaves it to the
//! wheel's runtime, so that core and runtime are there. The bound is for one more of the second kind; what one of the first
//! kind takes is printed. Each number is a fresh process, of which only the import is timed, and is held against
//! the one without interbind of the same round: a machine that others use is twice as slow in some seconds as in others.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::samples::Spread;
use common::table::{Bound, head, more};
use common::{Stop, bench, runtime};

const PROCESSES: u64 = 301;

/// Those for which the bound is: what one more module adds.
const LEAN: [&str; 3] = ["provider", "consumer", "both"];

const PROGRAM: &str = "
import os, time, bench_provider, bench_consumer_raw
# On one processor, where there is a choice: what is measured is shorter than a move.
if hasattr(os, 'sched_setaffinity'):
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
start = time.perf_counter_ns()
import bench_import
end = time.perf_counter_ns()
print('import', (end - start) / 1000, sep='\\t')
";

fn main() -> ExitCode {
    bench("import_size", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let provider = Fixture::PROVIDER.folder(&python)?;
    let (runtime, raw) = (runtime::folder(&python)?, Fixture::RAW_CONSUMER.folder(&python)?);
    let parts = [
        ("without interbind", ""),
        ("provider", "provider"),
        ("consumer", "consumer"),
        ("both", "provider,consumer"),
        ("provider, own implementation", "provider,static"),
        ("consumer, own implementation", "consumer,static"),
        ("both, own implementation", "provider,consumer,static"),
    ];
    let mut children = Vec::new();
    let mut sizes = Vec::new();
    for (part, features) in parts {
        let module = Fixture::new("bench-import", "bench_import").with(features).build(&python)?;
        let size =
            module.metadata().map_err(|error| Stop::broken(format!("cannot measure {part}"), error))?.len();
        sizes.push(size as f64 / 1024.0);
        let folder = module.parent().expect("a module stands in a folder");
        children.push(Child::printing(&python, PROGRAM, &[&provider, &runtime, &raw, folder]));
    }
    let samples = interleave(&children, PROCESSES)?;

    println!("import_size: {}, PyO3 0.30, fat lto, one codegen unit, opt 3, stripped", python.name);
    let rival = "without";
    let bound = |part: &str, most| if LEAN.contains(&part) { Bound::AtMost(most) } else { Bound::Printed };
    head(&format!("import, median of {PROCESSES} processes each"));
    for ((part, _), sample) in parts.iter().zip(&samples) {
        let over = sample.beyond(&samples[0], "import");
        more(part, sample.median("import"), "µs", rival, over, bound(part, 20.0));
    }
    head("size on disk");
    for ((part, _), size) in parts.iter().zip(&sizes) {
        let over = size - sizes[0];
        more(part, *size, "KiB", rival, Spread { low: over, median: over, high: over }, bound(part, 30.0));
    }
    Ok(())
}
