#[derive(Clone, Copy)]
struct Undeclared(u8);

#[derive(Clone, Copy, interbind::Shared)]
#[shared(name = "org.frame.Text", version = "1.0.0")]
#[repr(C)]
struct Text {
    text: String,
}

#[derive(Clone, Copy, interbind::Shared)]
#[shared(name = "org.frame.Mixed", version = "1.0.0")]
#[repr(C)]
struct Mixed {
    inner: Undeclared,
}

fn main() {}
