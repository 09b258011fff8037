use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

struct A;
struct B;
struct C;

interbind::module! {
    name = "not a name",
    consumes = [Point, A ~1.2, B "=1.2.3", C ^1.2.0-rc1 from "frame"],
}

fn main() {}
