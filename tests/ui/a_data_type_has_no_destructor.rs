// One that is moved and not copied in Rust is bytes for everybody else all the same.
#[derive(interbind::Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0", conduit, cpp = "geo::Point")]
#[repr(C)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub kind: Kind,
}

#[derive(interbind::Shared)]
#[repr(u64)]
pub enum Kind {
    Plain = 1,
}

#[derive(interbind::Shared)]
#[shared(name = "org.frame.Ends", version = "1.0.0")]
#[repr(C)]
struct Ends {
    x: f64,
}

impl Drop for Ends {
    fn drop(&mut self) {}
}

#[derive(interbind::Shared)]
#[shared(name = "org.frame.Holds", version = "1.0.0")]
#[repr(C)]
struct Holds {
    x: String,
}

fn main() {}
