//! A site that meets more classes than it remembers judges again; held against PyO3's call that does nothing.
//!
//! A site remembers two records. The first stays, the others take turns in the second place: of three classes in turn
//! two are judged, of the last two in turn both.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, head, more, plain};
use common::{Stop, bench};

const PROCESSES: u64 = 15;

const ROWS: &str = "
import bench_provider as p, bench_consumer as c
a, b, d = p.Point(1.0, 2.0), p.Second(1.0, 2.0), p.Third(1.0, 2.0)
assert c.foreign_frozen(a) == c.foreign_frozen(b) == c.foreign_frozen(d) == 1.0
names = dict(f=c.foreign_frozen, g=c.nothing, a=a, b=b, d=d)
rows = {
    'no-op': ('g(a); g(b); g(d)', names, 3),
    'remembered first': ('f(a); f(a); f(a)', names, 3),
    'remembered second': ('f(b); f(b); f(b)', names, 3),
    'three classes in turn': ('f(a); f(b); f(d)', names, 3),
    'judged each time': ('f(b); f(d)', names, 2),
}
";

fn main() -> ExitCode {
    bench("judge_again", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let provider = Fixture::PROVIDER.folder(&python)?;
    let consumer = Fixture::CONSUMER.folder(&python)?;
    let samples = interleave(&[Child::timing(&python, ROWS, &[&provider, &consumer])], PROCESSES)?;
    let samples = &samples[0];

    println!("judge_again: {}, median of {PROCESSES} processes", python.name);
    head("three classes published as one type, frozen; PyO3 0.30 on both sides");
    plain("no-op", samples.median("no-op"));
    let bound = Bound::AtMost(25.0);
    for (row, bound) in [
        ("remembered first", Bound::Printed),
        ("remembered second", Bound::Printed),
        ("three classes in turn", bound),
        ("judged each time", bound),
    ] {
        more(row, samples.median(row), "ns", "no-op", samples.more(row, "no-op"), bound);
    }
    Ok(())
}
