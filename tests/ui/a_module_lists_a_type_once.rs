use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

interbind::module! {
    name = "twice",
    provides = [Point, Point],
    consumes = [Point ^1, Point "^1.1" from "frame"],
}

fn main() {}
