// A lifetime is shown and not used: what the method gets still lives as long as the call.

use interbind::{Object, Shared};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.adv.Point", version = "1.0.0")]
#[repr(C)]
pub struct Point {
    x: f64,
}

type Text<'a> = &'static str;
type Objects<'a> = &'static Object;
type Points<'a> = &'static Point;

trait Longer {
    type Out;
}

impl<'a> Longer for &'a [u64] {
    type Out = &'static [u64];
}

impl<'a> Longer for Option<&'a str> {
    type Out = Option<&'static str>;
}

#[interbind::interface(name = "org.adv.Texts", version = "1.0.0")]
trait Texts {
    fn keep(&self, text: Text<'_>);
}

#[interbind::interface(name = "org.adv.Objects", version = "1.0.0")]
trait Things {
    fn keep(&self, object: Objects<'_>);
}

#[interbind::interface(name = "org.adv.Points", version = "1.0.0")]
trait Pairs {
    fn keep(&self, point: Points<'_>);
}

#[interbind::interface(name = "org.adv.Numbers", version = "1.0.0")]
trait Numbers {
    fn keep(&self, numbers: <&[u64] as Longer>::Out);
}

#[interbind::interface(name = "org.adv.Maybe", version = "1.0.0")]
trait Maybe {
    fn keep(&self, text: <Option<&str> as Longer>::Out);
}

fn main() {}
