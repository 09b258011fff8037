//! Functions that others call without Python: SciPy, Numba, Cython, and modules of C, C++ and Rust.

use std::ffi::c_void;

use frame_api::Point;
use interbind::{CFunction, Native, lend};
use pyo3::prelude::*;

// ANCHOR: function
/// The length of a vector.
#[interbind::function(native = "double (double, double)")]
#[pyfunction]
fn hypot(x: f64, y: f64) -> f64 {
    x.hypot(y)
}

/// A bell; its type in C is written from the one in Rust.
#[interbind::function]
#[pyfunction]
fn bell(x: f64) -> f64 {
    (-x * x).exp()
}
// ANCHOR_END: function

/// Tells one call from another.
#[interbind::function(native = "long long (long long, int, _Bool)")]
#[pyfunction]
#[pyo3(signature = (number, times = 1, up = true))]
fn scaled(number: i64, times: i32, up: bool) -> i64 {
    if up { number.wrapping_mul(times.into()) } else { -1 }
}

// ANCHOR: call
/// Adds up what the C function behind any build's `f` gives, with no Python between.
#[pyfunction]
fn total(f: &Bound<'_, PyAny>, count: u32) -> PyResult<f64> {
    let f = Native::<extern "C" fn(f64, f64) -> f64>::of(f)?;
    Ok((0..count).map(|i| f.call(f64::from(i), 1.0)).sum())
}
// ANCHOR_END: call

// ANCHOR: detached
/// The same, on a thread that Python doesn't know: the author of `f` says that it needs no Python.
#[pyfunction]
fn total_detached(py: Python<'_>, f: &Bound<'_, PyAny>, count: u32) -> PyResult<f64> {
    let native = Native::<extern "C" fn(f64, f64) -> f64>::named(f, "double (double, double)")?;
    // SAFETY: (1) `native` is there until the end; (2) as said above.
    let f = unsafe { native.function() };
    Ok(py.detach(move || (0..count).map(|i| f(f64::from(i), 1.0)).sum()))
}
// ANCHOR_END: detached

// ANCHOR: any
/// Has a pointer, so who calls it vouches for that.
unsafe extern "C" fn weighted(x: f64, weight: *mut c_void) -> f64 {
    // SAFETY: the caller passes a number.
    x * unsafe { *weight.cast::<f64>() }
}

/// Has data that builds share.
extern "C" fn norm(point: Point) -> f64 {
    point.x.hypot(point.y)
}

/// Lends a function of any type of C's.
fn lend_twice<F: CFunction>(m: &Bound<'_, PyModule>, name: &str, function: F) -> PyResult<()> {
    lend(m, name, function)?;
    lend(m, &format!("{name}_too"), function)
}

fn lend_others(m: &Bound<'_, PyModule>) -> PyResult<()> {
    lend_twice(m, "norm", norm as extern "C" fn(Point) -> f64)?;
    lend::<unsafe extern "C" fn(f64, *mut c_void) -> f64>(m, "weighted", weighted)
}
// ANCHOR_END: any

/// What a C function with a pointer, or with shared data, gives to a number.
#[pyfunction]
fn call(f: &Bound<'_, PyAny>, x: f64, weight: f64) -> PyResult<f64> {
    if let Ok(f) = Native::<extern "C" fn(Point) -> f64>::of(f) {
        return Ok(f.call(Point { x, y: weight }));
    }
    let (f, mut weight) = (Native::<unsafe extern "C" fn(f64, *mut c_void) -> f64>::of(f)?, weight);
    // SAFETY: (1) it takes a pointer to a number.
    Ok(unsafe { f.call(x, (&raw mut weight).cast()) })
}

/// Asks for a type in C that Rust has another name for.
#[pyfunction]
fn scaled_by(f: &Bound<'_, PyAny>, signature: &str, number: i64) -> PyResult<i64> {
    Ok(Native::<extern "C" fn(i64, i32, bool) -> i64>::named(f, signature)?.call(number, 3, true))
}

// ANCHOR: lend
fn add_hypot(m: &Bound<'_, PyModule>) -> PyResult<()> {
    interbind::add_function(m, wrap_pyfunction!(hypot, m)?)?;
    interbind::lend!(m, hypot)
}
// ANCHOR_END: lend

#[pymodule]
fn curves(m: &Bound<'_, PyModule>) -> PyResult<()> {
    add_hypot(m)?;
    for function in [
        wrap_pyfunction!(bell, m)?,
        wrap_pyfunction!(scaled, m)?,
        wrap_pyfunction!(total, m)?,
        wrap_pyfunction!(total_detached, m)?,
        wrap_pyfunction!(call, m)?,
        wrap_pyfunction!(scaled_by, m)?,
    ] {
        m.add_function(function)?;
    }
    interbind::lend!(m, bell)?;
    interbind::lend!(m, scaled)?;
    lend_others(m)?;
    interbind::names(m)
}
