#[derive(interbind::Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

fn main() {}
