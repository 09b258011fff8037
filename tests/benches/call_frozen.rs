//! A whole call that reads one field of another module's frozen object, held against PyO3's call on its own class.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::samples::Samples;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, conduit, optional};

const PROCESSES: u64 = 15;

const ROWS: &str = "
import bench_provider, bench_consumer as c
class OwnSub(c.OwnPoint): pass
class ForeignSub(bench_provider.Point): pass
own, own_sub = c.OwnPoint(1.0, 2.0), OwnSub(1.0, 2.0)
foreign, foreign_sub = bench_provider.Point(1.0, 2.0), ForeignSub(1.0, 2.0)
assert c.foreign_frozen(foreign) == c.foreign_frozen(foreign_sub) == c.own_frozen(own_sub) == 1.0
rows = {
    'no-op': ('f(a)', dict(f=c.nothing, a=own), 1),
    'own &T': ('f(a)', dict(f=c.own_frozen, a=own), 1),
    'own &T, subclass': ('f(a)', dict(f=c.own_frozen, a=own_sub), 1),
    'own &Bound and get': ('f(a)', dict(f=c.own_bound, a=own), 1),
    'foreign': ('f(a)', dict(f=c.foreign_frozen, a=foreign), 1),
    'foreign, subclass': ('f(a)', dict(f=c.foreign_frozen, a=foreign_sub), 1),
}
";

fn main() -> ExitCode {
    bench("call_frozen", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let provider = Fixture::PROVIDER.folder(&python)?;
    let consumers = [
        Fixture::CONSUMER,
        Fixture::new("bench-consumer-0-28", "bench_consumer"),
        Fixture::CONSUMER.with("abi3"),
    ];
    let mut children = Vec::new();
    for consumer in consumers {
        children.push(Child::timing(&python, ROWS, &[&provider, &consumer.folder(&python)?]));
    }
    children.extend(optional("pybind11's conduit", conduit::child(&python))?);
    let samples = interleave(&children, PROCESSES)?;

    println!(
        "call_frozen: {}, median of {PROCESSES} processes; provider: PyO3 0.30, fat lto, opt 3",
        python.name
    );
    same(&samples[0]);
    other("consumer: PyO3 0.28, thin lto, opt 2, panic = abort", &samples[1]);
    other("consumer: PyO3 0.30, abi3-py39", &samples[2]);
    if let Some(conduit) = samples.get(3) {
        conduit::print(conduit, "frozen", 50.0, &samples[0]);
    }
    Ok(())
}

/// The consumer that differs in nothing: it carries the bounds against PyO3.
fn same(samples: &Samples) {
    head("consumer: PyO3 0.30, the provider's profile");
    for row in ["no-op", "own &T", "own &T, subclass"] {
        plain(row, samples.median(row));
    }
    let get = "own &Bound and get";
    against(get, samples.median(get), "own &T", samples.ratio(get, "own &T"), Bound::Printed);
    for (row, rival) in [("foreign", "own &T"), ("foreign, subclass", "own &T, subclass")] {
        against(row, samples.median(row), rival, samples.ratio(row, rival), Bound::AtMost(1.0));
    }
}

/// A consumer that is built differently: builds differ by more than the feature costs, so its own no-op is the measure.
fn other(title: &str, samples: &Samples) {
    head(title);
    plain("no-op", samples.median("no-op"));
    for row in ["own &T", "own &T, subclass", "foreign", "foreign, subclass"] {
        against(row, samples.median(row), "no-op", samples.ratio(row, "no-op"), Bound::Printed);
    }
}
