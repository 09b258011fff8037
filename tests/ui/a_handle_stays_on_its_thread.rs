use interbind::{NativeRef, Shared};

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

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
}

interbind::module! { name = "stats", consumes = [dyn Series ^1, Point ^1, Size ^1] }

/// Bounded as PyO3's `Python::detach` is.
fn detach<T: Send>(work: impl Send + FnOnce() -> T) -> T {
    work()
}

fn spawned(series: Foreign<dyn Series>) {
    let handle: &SeriesHandle = &series;
    std::thread::scope(|scope| scope.spawn(|| handle.len()).join()).unwrap().unwrap();
}

fn detached(series: Foreign<dyn Series>) {
    detach(|| series.len()).unwrap();
}

fn handed_out(series: &Foreign<dyn Series>) {
    let mut handle: Option<&SeriesHandle> = Some(series);
    detach(|| handle.take().is_some());
}

fn borrows(point: Foreign<Point>, exclusive: ForeignMut<Size>, raw: ForeignRaw<Point>, native: NativeRef) {
    detach(|| drop(point));
    detach(|| drop(exclusive));
    detach(|| raw.as_ptr().is_null());
    detach(|| native.as_ptr().is_null());
}

fn main() {}
