//! A whole call that reads one field of another module's changing object, held against PyO3's call on its own class.
//!
//! The thunks that borrow stand in the provider, so it's the provider's PyO3 that counts: the bound is for 0.29 and
//! newer, an older one is printed.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, conduit, optional};

const PROCESSES: u64 = 15;

const ROWS: &str = "
import bench_provider, bench_consumer as c
class OwnSub(c.OwnSpan): pass
class ForeignSub(bench_provider.Span): pass
own, own_sub = c.OwnSpan(1.0, 2.0), OwnSub(1.0, 2.0)
foreign, foreign_sub = bench_provider.Span(1.0, 2.0), ForeignSub(1.0, 2.0)
assert c.foreign_tracked(foreign) == c.foreign_tracked(foreign_sub) == c.foreign_mut(foreign) == c.own_ref(own) == 1.0
rows = {
    'no-op': ('f(a)', dict(f=c.nothing, a=own), 1),
    'own PyRef': ('f(a)', dict(f=c.own_ref, a=own), 1),
    'own PyRef, subclass': ('f(a)', dict(f=c.own_ref, a=own_sub), 1),
    'own &T': ('f(a)', dict(f=c.own_guard, a=own), 1),
    'own PyRefMut': ('f(a)', dict(f=c.own_mut, a=own), 1),
    'foreign': ('f(a)', dict(f=c.foreign_tracked, a=foreign), 1),
    'foreign, subclass': ('f(a)', dict(f=c.foreign_tracked, a=foreign_sub), 1),
    'foreign, exclusive': ('f(a)', dict(f=c.foreign_mut, a=foreign), 1),
}
";

fn main() -> ExitCode {
    bench("call_tracked", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let consumer = Fixture::CONSUMER.folder(&python)?;
    let providers = [
        ("PyO3 0.30", Fixture::PROVIDER, true),
        ("PyO3 0.29", Fixture::new("bench-provider-0-29", "bench_provider"), true),
        ("PyO3 0.28", Fixture::new("bench-provider-0-28", "bench_provider"), false),
    ];
    let mut children = Vec::new();
    for (_, provider, _) in providers {
        children.push(Child::timing(&python, ROWS, &[&provider.folder(&python)?, &consumer]));
    }
    children.extend(optional("pybind11's conduit", conduit::child(&python))?);
    let samples = interleave(&children, PROCESSES)?;

    println!(
        "call_tracked: {}, median of {PROCESSES} processes; consumer: PyO3 0.30, same profile",
        python.name
    );
    for ((title, _, bound), samples) in providers.iter().zip(&samples) {
        let bound = |is: Bound| if *bound { is } else { Bound::Printed };
        head(&format!("provider: {title}"));
        for row in ["no-op", "own PyRef", "own PyRef, subclass", "own &T", "own PyRefMut"] {
            plain(row, samples.median(row));
        }
        let rivals = [
            ("foreign", "own PyRef", bound(Bound::AtMost(1.1))),
            ("foreign", "own &T", Bound::Printed),
            ("foreign, subclass", "own PyRef, subclass", Bound::Printed),
            ("foreign, exclusive", "own PyRefMut", Bound::Printed),
        ];
        for (row, rival, bound) in rivals {
            against(row, samples.median(row), rival, samples.ratio(row, rival), bound);
        }
    }
    if let Some(conduit) = samples.get(providers.len()) {
        conduit::print(conduit, "tracked", 30.0, &samples[0]);
    }
    Ok(())
}
