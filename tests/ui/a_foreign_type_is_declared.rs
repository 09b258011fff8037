use core::ffi::c_void;
use core::ptr::NonNull;
use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Size", version = "1.0.0")]
#[repr(C)]
struct Size {
    x: f64,
}

interbind::module! { name = "stats", consumes = [Point ^1] }

unsafe fn read(object: NonNull<c_void>) {
    let _declared = unsafe { Foreign::<Point>::from_ptr(object.cast()) };
    let _undeclared = unsafe { Foreign::<Size>::from_ptr(object.cast()) };
}

fn main() {}
