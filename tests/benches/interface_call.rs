//! A call through an interface's table, held against a direct `extern "C"` call of the same signature. No Python inside.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench};

const PROCESSES: u64 = 25;

/// The loops are in the consumer; both callees are in the provider's library.
const PROGRAM: &str = "
import bench_provider as p, bench_consumer as c
series = p.Series([float(i) for i in range(8)])
names = 'len, direct', 'len, through the table', 'get, direct', 'get, through the table'
for name, ns in zip(names, c.compare(series, p.direct(series), 2001)):
    print(name, ns, sep='\\t')
";

fn main() -> ExitCode {
    bench("interface_call", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let provider = Fixture::PROVIDER.folder(&python)?;
    let consumer = Fixture::CONSUMER.folder(&python)?;
    let samples = interleave(&[Child::printing(&python, PROGRAM, &[&provider, &consumer])], PROCESSES)?;
    let samples = &samples[0];

    println!("interface_call: {}, median of {PROCESSES} processes, best of 2001 rounds each", python.name);
    head("loop included: `len() -> u64`, `get(u64) -> Result<f64, Error>`");
    for (row, rival) in [("len, through the table", "len, direct"), ("get, through the table", "get, direct")]
    {
        plain(rival, samples.median(rival));
        against(row, samples.median(row), rival, samples.ratio(row, rival), Bound::AtMost(1.1));
    }
    Ok(())
}
