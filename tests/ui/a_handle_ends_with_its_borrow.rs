use core::cell::Cell;
use interbind::{Detached, Shared};

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
}

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
}

interbind::module! { name = "stats", consumes = [dyn Series ^1, Point ^1] }

thread_local!(static KEPT: Cell<Option<&'static SeriesHandle>> = const { Cell::new(None) });

fn stored(series: &Foreign<dyn Series>) {
    KEPT.set(Some(series));
}

fn returned<'a>(series: Foreign<'a, '_, dyn Series>) -> &'a SeriesHandle {
    &series
}

fn data<'a>(point: Foreign<'a, '_, Point>) -> &'a Point {
    &point
}

fn exclusive<'a>(mut point: ForeignMut<'a, '_, Point>) -> &'a mut Point {
    &mut point
}

fn viewed<'a>(series: Foreign<'a, '_, dyn Series>) -> Detached<'a, dyn Series> {
    series.detached().unwrap()
}

fn checked<'a>(series: Foreign<'a, 'a, dyn Series>) -> Detached<'a, dyn Series, interbind::CheckedThread> {
    Detached::checked(series.detached().unwrap())
}

fn dropped(series: Foreign<dyn Series>) -> u64 {
    let handle: &SeriesHandle = &series;
    drop(series);
    handle.len().unwrap()
}

fn bound<'a>(held: Held<dyn Series>) -> Foreign<'a, 'a, dyn Series> {
    // SAFETY: none: this must not compile.
    unsafe { held.bind_ptr() }.unwrap()
}

fn stretched<'a>(series: Foreign<'_, '_, dyn Series>) -> Foreign<'a, 'a, dyn Series> {
    series
}

fn shortened<'a, 'b: 'a>(series: Foreign<'b, 'b, dyn Series>) -> Foreign<'a, 'a, dyn Series> {
    series
}

fn main() {}
