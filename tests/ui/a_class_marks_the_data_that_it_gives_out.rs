use interbind::{Provide, Shared};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

#[derive(Provide)]
struct Unmarked {
    point: Point,
}

#[derive(Provide)]
struct Twice {
    #[shared]
    a: Point,
    #[shared(form)]
    b: Point,
}

#[derive(Provide)]
struct Undeclared {
    #[shared]
    text: u64,
}

fn main() {}
