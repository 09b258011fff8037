#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
}

interbind::module! { name = "stats", consumes = [dyn Series ^1] }

fn moved(series: Foreign<dyn Series>) -> SeriesHandle {
    *series
}

fn moved_out_of_a_view(view: interbind::Detached<dyn Series>) -> SeriesHandle<interbind::AnyThread> {
    *view
}

fn main() {}
