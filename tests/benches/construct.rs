//! A new object of the provider's class, made by a consumer out of plain data; held against the provider's own.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench};

const PROCESSES: u64 = 15;

const ROWS: &str = "
import bench_provider as p, bench_consumer as c
assert type(c.make()) is type(p.point()) is p.Point
rows = {
    'provider, from Rust': ('f()', dict(f=p.point), 1),
    'provider, from Python': ('f(1.0, 2.0)', dict(f=p.Point), 1),
    'consumer, to_python': ('f()', dict(f=c.make), 1),
}
";

fn main() -> ExitCode {
    bench("construct", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let provider = Fixture::PROVIDER.folder(&python)?;
    let consumer = Fixture::CONSUMER.folder(&python)?;
    let samples = interleave(&[Child::timing(&python, ROWS, &[&provider, &consumer])], PROCESSES)?;
    let samples = &samples[0];

    println!("construct: {}, median of {PROCESSES} processes", python.name);
    head("made and dropped; PyO3 0.30 on both sides");
    plain("provider, from Rust", samples.median("provider, from Rust"));
    plain("provider, from Python", samples.median("provider, from Python"));
    for rival in ["provider, from Rust", "provider, from Python"] {
        let row = "consumer, to_python";
        against(row, samples.median(row), rival, samples.ratio(row, rival), Bound::Printed);
    }
    Ok(())
}
