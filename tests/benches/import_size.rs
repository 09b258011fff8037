//! What one more sharing module costs: time to import it and bytes on disk, held against the same module without
//! interbind.
//!
//! Another module that shares has been imported before, so the core exists. Each number is a fresh process; only the
//! import is timed.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::samples::Spread;
use common::table::{Bound, head, more};
use common::{Stop, bench};

const PROCESSES: u64 = 151;

const PROGRAM: &str = "
import time, bench_provider
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
    let parts = [
        ("without interbind", ""),
        ("provider", "provider"),
        ("consumer", "consumer"),
        ("both", "provider,consumer"),
    ];
    let mut children = Vec::new();
    let mut sizes = Vec::new();
    for (part, features) in parts {
        let module = Fixture::new("bench-import", "bench_import").with(features).build(&python)?;
        let size =
            module.metadata().map_err(|error| Stop::broken(format!("cannot measure {part}"), error))?.len();
        sizes.push(size as f64 / 1024.0);
        let folder = module.parent().expect("a module stands in a folder");
        children.push(Child::printing(&python, PROGRAM, &[&provider, folder]));
    }
    let samples = interleave(&children, PROCESSES)?;

    println!("import_size: {}, PyO3 0.30, fat lto, one codegen unit, opt 3, stripped", python.name);
    let (rival, bounds) =
        ("without", [Bound::Printed, Bound::AtMost(20.0), Bound::AtMost(20.0), Bound::AtMost(20.0)]);
    head(&format!("import, median of {PROCESSES} processes each"));
    for (((part, _), sample), bound) in parts.iter().zip(&samples).zip(bounds) {
        let (spread, base) = (sample.spread("import"), samples[0].median("import"));
        let over = Spread { low: spread.low - base, median: spread.median - base, high: spread.high - base };
        more(part, spread.median, "µs", rival, over, bound);
    }
    head("size on disk");
    for ((part, _), size) in parts.iter().zip(&sizes) {
        let over = size - sizes[0];
        let bound = if over == 0.0 { Bound::Printed } else { Bound::AtMost(30.0) };
        more(part, *size, "KiB", rival, Spread { low: over, median: over, high: over }, bound);
    }
    Ok(())
}
