// Without PyO3, which would be linked, any attribute of that name will do.

#[interbind::function(native = "double (double, double)")]
#[rust_analyzer::pyfunction]
fn other_count(x: f64) -> f64 {
    x
}

#[interbind::function(native = "double f(double x)")]
#[rust_analyzer::pyfunction]
fn named(x: f64) -> f64 {
    x
}

#[interbind::function(native)]
#[rust_analyzer::pyfunction]
fn nothing_said(x: f64) -> f64 {
    x
}

#[interbind::function]
fn nothing_above(x: f64) -> f64 {
    x
}

#[interbind::function]
#[rust_analyzer::pyfunction]
fn generic<T>(x: T, y: f64) -> f64 {
    let _ = x;
    y
}

fn main() {
    interbind::lend!(generic);
}
