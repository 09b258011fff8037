use interbind::Shared;

#[derive(Clone, Copy, Shared)]
struct Nothing {
    x: f64,
}

#[derive(Clone, Copy, Shared)]
#[shared(version = "1.2", nam = "org.frame.Half")]
#[repr(C)]
struct Half {
    x: f64,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.", version = "1.2.0-rc1", version = "1.2.0")]
#[repr(C)]
struct Wrong {
    x: f64,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = org.frame.Point, version = "1.2.0")]
#[repr(C)]
struct Bare {
    x: f64,
}

fn main() {}
