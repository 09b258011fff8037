use interbind::{Reserved, Shared};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Wide", version = "1.0.0")]
#[repr(C, align(32))]
struct Wide {
    x: f64,
    reserved: Reserved<24>,
}

fn main() {}
