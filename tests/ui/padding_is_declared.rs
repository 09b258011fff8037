use interbind::{Reserved, Shared};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Between", version = "1.0.0")]
#[repr(C)]
struct Between {
    flag: bool,
    x: f64,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Behind", version = "1.0.0")]
#[repr(C)]
struct Behind {
    x: f64,
    flag: bool,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Declared", version = "1.0.0")]
#[repr(C)]
struct Declared {
    flag: bool,
    reserved: Reserved<7>,
    x: f64,
}

fn main() {}
