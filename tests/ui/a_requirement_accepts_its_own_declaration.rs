use interbind::{Shared, interface};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "2.0.0")]
#[repr(C)]
pub struct Point {
    x: f64,
}

#[interface(name = "org.frame.Series", version = "1.4.0")]
pub trait Series {
    fn len(&self) -> u64;
}

interbind::module! {
    name = "stats",
    consumes = [Point ^1.0, dyn Series ">=1.5, <3"],
}

fn main() {}
