//! Learns from pyo3-ffi which Python this build is for: it hands `key=value` lines in hexadecimal to direct dependents.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(pypy)");
    println!("cargo::rustc-check-cfg=cfg(free_threaded)");
    let hex = std::env::var("DEP_PYTHON_PYO3_CONFIG").expect("pyo3-ffi says what it is built for");
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"));
    let text = String::from_utf8(bytes.collect()).expect("UTF-8");
    if text.contains("implementation=PyPy") {
        println!("cargo::rustc-cfg=pypy");
    }
    if text.contains("Py_GIL_DISABLED") || text.contains("free_threaded") {
        println!("cargo::rustc-cfg=free_threaded");
    }
}
