// Without PyO3, which would be linked, any attribute of that name will do.

#[interbind::function(native = "double (int)")]
#[rust_analyzer::pyfunction]
fn other_argument(x: f64) -> f64 {
    x
}

#[interbind::function(native = "float (double)")]
#[rust_analyzer::pyfunction]
fn other_result(x: f64) -> f64 {
    x
}

#[interbind::function]
#[rust_analyzer::pyfunction]
fn no_value(text: String) -> usize {
    text.len()
}

#[interbind::function]
#[rust_analyzer::pyfunction]
fn no_result(x: f64) -> Result<f64, String> {
    Ok(x)
}

#[interbind::function]
#[rust_analyzer::pyfunction]
fn a_pointer(x: *const f64) -> f64 {
    let _ = x;
    1.0
}

fn main() {}
