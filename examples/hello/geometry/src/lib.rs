//! What both wheels agree on. An ordinary library: each wheel compiles it into itself.

// ANCHOR: all
use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.example.Point", version = "1.0.0")]
#[repr(C)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}
// ANCHOR_END: all
