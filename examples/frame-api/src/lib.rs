//! What `frame` provides and others consume: plain data with a fixed layout, and an interface that may grow.
//!
//! Both sides depend on this crate, each with its own compiler, profile, PyO3 and lockfile.

// ANCHOR: uses
use interbind::{Error, Object, Reserved, Shared, interface};
// ANCHOR_END: uses

// ANCHOR: point
/// A point in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Shared)]
#[shared(name = "org.frame.Point", version = "1.2.0")]
#[repr(C)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}
// ANCHOR_END: point

// ANCHOR: span
/// How a span is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Shared)]
#[repr(u8)]
pub enum Stroke {
    Solid = 0,
    Dashed = 1,
    Dotted = 4,
}

/// A stretch between two points; padding is declared, never implied.
#[derive(Clone, Copy, Debug, PartialEq, Shared)]
#[shared(name = "org.frame.Span", version = "1.0.0")]
#[repr(C)]
pub struct Span {
    pub from: Point,
    pub to: Point,
    pub stroke: Stroke,
    pub visible: bool,
    pub reserved: Reserved<6>,
}
// ANCHOR_END: span

/// A counter that only the thread that made it may use.
#[derive(Clone, Copy, Debug, PartialEq, Shared)]
#[shared(name = "org.frame.Tally", version = "1.0.0")]
#[repr(C)]
pub struct Tally {
    pub count: u64,
}

// ANCHOR: series
/// A column of numbers.
#[interface(name = "org.frame.Series", version = "2.1.0")]
pub trait Series {
    /// How many there are.
    fn len(&self) -> u64;

    /// The number at `i`.
    fn get(&self, i: u64) -> Result<f64, Error>;

    /// The column's name.
    fn label(&self) -> String;

    /// All numbers, copied.
    fn values(&self) -> Vec<f64>;

    /// The numbers at these places; absent ones are NaN.
    fn pick(&self, places: &[u64]) -> Vec<f64>;

    /// The place of the first row with this text, if there is one.
    fn find(&self, text: &str) -> Option<u64>;

    /// The middle of the column's points, moved by another point.
    fn centre(&self, by: &Point) -> Point;

    /// Calls a Python function with every number, and returns its last result.
    fn each(&self, function: &Object) -> Result<Object, Error>;

    /// The sum: one that came with 2.1, which older providers don't have.
    #[since("2.1.0")]
    fn sum(&self) -> f64 {
        self.values().iter().sum()
    }
}
// ANCHOR_END: series
