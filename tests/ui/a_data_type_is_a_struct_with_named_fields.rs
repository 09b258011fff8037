use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Tuple", version = "1.0.0")]
#[repr(C)]
struct Tuple(f64, f64);

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Unit", version = "1.0.0")]
#[repr(C)]
struct Unit;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Either", version = "1.0.0")]
#[repr(C)]
union Either {
    x: f64,
    y: u64,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Generic", version = "1.0.0")]
#[repr(C)]
struct Generic<T>
where
    T: Copy,
{
    x: T,
}

fn main() {}
