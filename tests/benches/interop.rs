//! Whole calls across frameworks, each held against the framework's own: pybind11, nanobind and Cython functions that take objects of
//! other modules, functions in C and in Rust that take the frameworks' objects, and a site that meets classes of several providers.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::packages::NANOBIND_BACKEND;
use common::python::Python;
use common::samples::Samples;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, interop};

const PROCESSES: u64 = 9;

/// `read` of a module without a class of its own is the framework's call across modules with the same internals.
const PYBIND11: &str = "
import points, taker, ours, pb_own, pb_plain, pb_header, pb_other, pb_published, bench_consumer_raw as rust
own, other, published = pb_own.Point(1.0, 2.0), pb_other.Point(1.0, 2.0), pb_published.Point(1.0, 2.0)
frozen, untracked = points.Frozen(1.0, 2.0), points.Plain(1.0, 2.0)
loaded, asked = ours.Point(1.0, 2.0), ours.Asked(1.0, 2.0)
for name in [name for name in vars(ours.Asked) if name.startswith('__pybind11_module_local')]:
    delattr(ours.Asked, name)
assert pb_plain.read(own) == pb_plain.read(other) == pb_plain.read(loaded) == pb_plain.read(asked) == 1.0
# The site meets what is measured alone: what it costs to meet more of them is a row of its own.
assert pb_header.read(own) == pb_header.read(frozen) == pb_header.read(untracked) == pb_header.read(published) == rust.raw(other) == 1.0
rows = {
    'same internals': ('f(a)', dict(f=pb_plain.read, a=own), 1),
    'conduit': ('f(a)', dict(f=pb_plain.read, a=other), 1),
    'caster, own class': ('f(a)', dict(f=pb_header.read, a=own), 1),
    'caster, frozen': ('f(a)', dict(f=pb_header.read, a=frozen), 1),
    'caster, untracked': ('f(a)', dict(f=pb_header.read, a=untracked), 1),
    'caster, published by pybind11': ('f(a)', dict(f=pb_header.read, a=published), 1),
    'C takes an object of pybind11': ('f(a)', dict(f=taker.read, a=other), 1),
    'Rust takes an object of pybind11': ('f(a)', dict(f=rust.raw, a=other), 1),
    'pybind11 takes ours by the loader': ('f(a)', dict(f=pb_plain.read, a=loaded), 1),
    'pybind11 takes ours by the conduit': ('f(a)', dict(f=pb_plain.read, a=asked), 1),
}
";

/// A module that reads pybind11's known layout: it's the first to ask, so that the class's record is its own.
const KNOWN: &str = "
import taker_known, pb_own, pb_plain, pb_other
own, other = pb_own.Point(1.0, 2.0), pb_other.Point(1.0, 2.0)
assert taker_known.read(other) == taker_known.read(other) == pb_plain.read(other) == 1.0
rows = {
    'conduit': ('f(a)', dict(f=pb_plain.read, a=other), 1),
    'C takes an object of pybind11': ('f(a)', dict(f=taker_known.read, a=other), 1),
}
";

const NANOBIND: &str = "
import points, taker, nb_own, nb_plain, nb_header, nb_published, bench_consumer_raw as rust
own, published = nb_own.Point(1.0, 2.0), nb_published.Point(1.0, 2.0)
frozen, untracked = points.Frozen(1.0, 2.0), points.Plain(1.0, 2.0)
assert nb_plain.read(own) == nb_header.read(own) == nb_header.read(frozen) == nb_header.read(untracked) == 1.0
assert nb_header.read(published) == taker.read(own) == rust.raw(own) == 1.0
rows = {
    'same internals': ('f(a)', dict(f=nb_plain.read, a=own), 1),
    'caster, own class': ('f(a)', dict(f=nb_header.read, a=own), 1),
    'caster, frozen': ('f(a)', dict(f=nb_header.read, a=frozen), 1),
    'caster, untracked': ('f(a)', dict(f=nb_header.read, a=untracked), 1),
    'caster, published by nanobind': ('f(a)', dict(f=nb_header.read, a=published), 1),
    'C takes an object of nanobind': ('f(a)', dict(f=taker.read, a=own), 1),
    'Rust takes an object of nanobind': ('f(a)', dict(f=rust.raw, a=own), 1),
}
";

/// The first class of a site, and those that come after it.
const CYTHON: &str = "
import points, cypoint
own, frozen, plain = cypoint.Point(3.0, 4.0), points.Frozen(3.0, 4.0), points.Plain(3.0, 4.0)
assert cypoint.norm_own(own) == cypoint.norm(frozen) == cypoint.norm(plain) == cypoint.norm(own) == 5.0
rows = {
    'its own cdef class': ('f(a)', dict(f=cypoint.norm_own, a=own), 1),
    'the first type of a site': ('f(a)', dict(f=cypoint.norm, a=frozen), 1),
    'the second': ('f(a)', dict(f=cypoint.norm, a=plain), 1),
    'the third, its own class': ('f(a)', dict(f=cypoint.norm, a=own), 1),
}
";

/// Four providers of one type, whose classes a site meets in turn.
const SITE: &str = "
import points, points_b, points_c, points_d, taker
f, kinds = taker.norm, (points.Frozen, points_b.Frozen, points_c.Frozen, points_d.Frozen)
a, b, c, d = (kind(1.0, 2.0) for kind in kinds)
for o in a, b, c, d:
    f(o)
rows = {
    'the first alone': ('f(a); f(a); f(a); f(a)', dict(f=f, a=a), 4),
    'two providers': ('f(a); f(b); f(a); f(b)', dict(f=f, a=a, b=b), 4),
    'three providers': ('f(a); f(b); f(c)', dict(f=f, a=a, b=b, c=c), 3),
    'four providers': ('f(a); f(b); f(c); f(d)', dict(f=f, a=a, b=b, c=c, d=d), 4),
}
";

fn main() -> ExitCode {
    bench("interop", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let folder = interop::folder(&python)?;
    let rust = Fixture::RAW_CONSUMER.with("static").folder(&python)?;
    let backend = NANOBIND_BACKEND.site(&python)?;
    interop::cython(&python, &folder)?;
    let children = [
        Child::timing(&python, PYBIND11, &[&folder, &rust]),
        Child::timing(&python, NANOBIND, &[&folder, &rust, &backend]),
        Child::timing(&python, SITE, &[&folder]),
        Child::timing(&python, CYTHON, &[&folder]),
        Child::timing(&python, KNOWN, &[&folder]),
    ];
    let samples = interleave(&children, PROCESSES)?;
    println!("interop: {}, median of {PROCESSES} processes; pybind11 3.1, nanobind 3.1", python.name);
    let [pybind11, nanobind, site, cython, known] = &samples[..] else { return Ok(()) };
    head("pybind11");
    for row in ["same internals", "conduit"] {
        plain(row, pybind11.median(row));
    }
    rows(
        pybind11,
        "same internals",
        &[
            ("caster, own class", Bound::Printed),
            ("caster, frozen", Bound::AtMost(1.1)),
            ("caster, untracked", Bound::AtMost(1.1)),
            ("caster, published by pybind11", Bound::AtMost(1.1)),
        ],
    );
    rows(
        pybind11,
        "conduit",
        &[
            ("C takes an object of pybind11", Bound::AtMost(0.35)),
            ("Rust takes an object of pybind11", Bound::AtMost(0.35)),
            ("pybind11 takes ours by the loader", Bound::AtMost(0.4)),
            ("pybind11 takes ours by the conduit", Bound::AtMost(0.75)),
        ],
    );
    head("pybind11's known layout");
    plain("conduit", known.median("conduit"));
    rows(known, "conduit", &[("C takes an object of pybind11", Bound::AtMost(0.05))]);
    head("nanobind");
    plain("same internals", nanobind.median("same internals"));
    rows(
        nanobind,
        "same internals",
        &[
            ("caster, own class", Bound::Printed),
            ("caster, frozen", Bound::AtMost(1.15)),
            ("caster, untracked", Bound::AtMost(1.4)),
            ("caster, published by nanobind", Bound::AtMost(1.4)),
            ("C takes an object of nanobind", Bound::AtMost(1.1)),
            ("Rust takes an object of nanobind", Bound::AtMost(1.1)),
        ],
    );
    head("Cython");
    plain("its own cdef class", cython.median("its own cdef class"));
    rows(
        cython,
        "its own cdef class",
        &[
            ("the first type of a site", Bound::AtMost(1.2)),
            ("the second", Bound::AtMost(1.3)),
            ("the third, its own class", Bound::AtMost(1.3)),
        ],
    );
    head("a site in C");
    plain("the first alone", site.median("the first alone"));
    rows(
        site,
        "the first alone",
        &[
            ("two providers", Bound::AtMost(1.1)),
            ("three providers", Bound::AtMost(1.1)),
            ("four providers", Bound::AtMost(1.1)),
        ],
    );
    Ok(())
}

fn rows(samples: &Samples, rival: &str, rows: &[(&str, Bound)]) {
    for (row, bound) in rows {
        against(row, samples.median(row), rival, samples.ratio(row, rival), *bound);
    }
}
