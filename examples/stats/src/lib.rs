//! A consumer: takes another wheel's objects as arguments.

// ANCHOR: uses
use frame_api::{Point, Series, Span, Stroke, Tally};
use interbind::Object;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
// ANCHOR_END: uses

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// ANCHOR: module
interbind::module! {
    name = "stats",
    consumes = [Point ^1.2, Span ^1, Tally ^1, dyn Series ^2.0],
}
// ANCHOR_END: module

// ANCHOR: norm
/// Reads the fields of another wheel's object.
#[pyfunction]
fn norm(p: Foreign<Point>) -> f64 {
    p.x.hypot(p.y)
}

/// Calls another wheel's object through its interface.
#[pyfunction]
fn total(s: Foreign<dyn Series>) -> PyResult<f64> {
    let mut sum = 0.0;
    for i in 0..s.len()? {
        sum += s.get(i)?;
    }
    Ok(sum)
}
// ANCHOR_END: norm

/// Writes, under the provider's own borrow flags.
#[pyfunction]
fn shift(mut span: ForeignMut<Span>, dx: f64, dy: f64) {
    for end in [0, 1] {
        let point = if end == 0 { &mut span.from } else { &mut span.to };
        point.x += dx;
        point.y += dy;
    }
    span.stroke = Stroke::Dotted;
}

/// Writes a point: refused, as long as the provider's class is frozen.
#[pyfunction]
fn mirror(mut p: ForeignMut<Point>) {
    *p = Point { x: p.y, y: p.x };
}

/// Reads a class that changes.
#[pyfunction]
fn length(span: Foreign<Span>) -> f64 {
    (span.to.x - span.from.x).hypot(span.to.y - span.from.y)
}

/// Reads while the caller's function runs: the borrow is held.
#[pyfunction]
fn length_while(span: Foreign<Span>, function: Bound<'_, PyAny>) -> PyResult<f64> {
    function.call0()?;
    Ok((span.to.x - span.from.x).hypot(span.to.y - span.from.y))
}

/// Reads an object that belongs to one thread.
#[pyfunction]
fn tallied(tally: Foreign<Tally>) -> u64 {
    tally.count
}

/// Makes a new object of the provider's class.
#[pyfunction]
fn midpoint<'py>(
    py: Python<'py>,
    a: Foreign<'_, 'py, Point>,
    b: Foreign<'_, 'py, Point>,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, &Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 })
}

/// Everything else that an interface can carry.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn describe(
    s: Foreign<dyn Series>,
    places: Vec<u64>,
    text: &str,
    by: Foreign<Point>,
) -> PyResult<(String, Vec<f64>, Vec<f64>, Option<u64>, (f64, f64), f64)> {
    let centre = s.centre(&by)?;
    Ok((s.label()?, s.values()?, s.pick(&places)?, s.find(text)?, (centre.x, centre.y), s.sum()?))
}

// ANCHOR: each
/// Hands a Python function to the provider, and its result back.
#[pyfunction]
fn each<'py>(
    py: Python<'py>,
    s: Foreign<'_, 'py, dyn Series>,
    function: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(s.each(&Object::from(function))?.into_bound(py))
}
// ANCHOR_END: each

/// Calls the interface on other threads, detached.
#[pyfunction]
fn total_in_parallel(py: Python<'_>, s: Foreign<dyn Series>, threads: usize) -> PyResult<f64> {
    let series = s.detached()?;
    let sums = py.detached_scope(threads, |part| {
        let mut sum = 0.0;
        for i in (0..series.len()?).filter(|i| *i as usize % threads.max(1) == part) {
            sum += series.get(i)?;
        }
        Ok::<_, interbind::Error>(sum)
    })?;
    Ok(sums.into_iter().sum())
}

/// Runs a closure on several threads while this one is detached.
trait DetachedScope {
    fn detached_scope<R: Send>(
        self,
        threads: usize,
        work: impl Fn(usize) -> Result<R, interbind::Error> + Send + Sync,
    ) -> Result<Vec<R>, interbind::Error>;
}

impl DetachedScope for Python<'_> {
    fn detached_scope<R: Send>(
        self,
        threads: usize,
        work: impl Fn(usize) -> Result<R, interbind::Error> + Send + Sync,
    ) -> Result<Vec<R>, interbind::Error> {
        self.detach(|| {
            std::thread::scope(|scope| {
                let started: Vec<_> = (0..threads)
                    .map(|part| {
                        scope.spawn({
                            let work = &work;
                            move || work(part)
                        })
                    })
                    .collect();
                started.into_iter().map(|thread| thread.join().expect("the work doesn't panic")).collect()
            })
        })
    }
}

// ANCHOR: held
/// Keeps another wheel's object, visibly to the garbage collector.
#[pyclass(module = "stats")]
struct Keeper {
    kept: Option<Held<dyn Series>>,
}

#[pymethods]
impl Keeper {
    #[new]
    fn new(series: Held<dyn Series>) -> Self {
        Self { kept: Some(series) }
    }

    fn total(&self, py: Python<'_>) -> PyResult<f64> {
        self.kept.as_ref().map_or(Ok(0.0), |series| total(series.bind(py)?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.kept.as_ref().map_or(Ok(()), |series| series.traverse(&visit))
    }

    fn __clear__(&mut self) {
        self.kept = None;
    }
}
// ANCHOR_END: held

// ANCHOR: bind
#[pymodule]
fn stats(m: &Bound<'_, PyModule>) -> PyResult<()> {
    bind(m)?;
    m.add_class::<Keeper>()?;
    m.add_function(wrap_pyfunction!(norm, m)?)?;
    m.add_function(wrap_pyfunction!(total, m)?)?;
    m.add_function(wrap_pyfunction!(shift, m)?)?;
    m.add_function(wrap_pyfunction!(mirror, m)?)?;
    m.add_function(wrap_pyfunction!(length, m)?)?;
    m.add_function(wrap_pyfunction!(length_while, m)?)?;
    m.add_function(wrap_pyfunction!(tallied, m)?)?;
    m.add_function(wrap_pyfunction!(midpoint, m)?)?;
    m.add_function(wrap_pyfunction!(describe, m)?)?;
    m.add_function(wrap_pyfunction!(each, m)?)?;
    m.add_function(wrap_pyfunction!(total_in_parallel, m)?)
}
// ANCHOR_END: bind
