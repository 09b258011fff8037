//! A site that meets several classes; held against PyO3's call that does nothing.
//!
//! A site remembers eight records. Of ten classes the first seven stay, the others take turns in the last place: these
//! are found through the registry and judged each time.

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
classes = 'Point Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth'.split()
points = {chr(ord('a') + i): getattr(p, name)(1.0, 2.0) for i, name in enumerate(classes)}
assert all(c.foreign_frozen(point) == 1.0 for point in points.values())
names = dict(F=c.foreign_frozen, N=c.nothing, **points)
rows = {
    'no-op': ('N(a); N(b); N(c)', names, 3),
    'the first class': ('F(a); F(a); F(a)', names, 3),
    'the second class': ('F(b); F(b); F(b)', names, 3),
    'three classes in turn': ('F(a); F(b); F(c)', names, 3),
    'seven classes in turn': ('F(a); F(b); F(c); F(d); F(e); F(f); F(g)', names, 7),
    'judged each time': ('F(h); F(i)', names, 2),
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
    head("ten classes published as one type, frozen; PyO3 0.30 on both sides");
    plain("no-op", samples.median("no-op"));
    let bound = Bound::AtMost(25.0);
    for (row, bound) in [
        ("the first class", Bound::Printed),
        ("the second class", bound),
        ("three classes in turn", bound),
        ("seven classes in turn", bound),
        ("judged each time", Bound::Printed),
    ] {
        more(row, samples.median(row), "ns", "no-op", samples.more(row, "no-op"), bound);
    }
    Ok(())
}
