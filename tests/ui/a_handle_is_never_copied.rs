use std::sync::Mutex;

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
}

interbind::module! { name = "stats", consumes = [dyn Series ^1] }

static KEPT: Mutex<Option<SeriesHandle>> = Mutex::new(None);

fn copied(series: Foreign<dyn Series>) {
    let _clone: SeriesHandle = series.clone();
    let _clone: SeriesHandle = Clone::clone(&*series);
    let _view = series.detached().unwrap().clone();
}

fn swapped(mut one: Foreign<dyn Series>, mut other: Foreign<dyn Series>) {
    core::mem::swap::<SeriesHandle>(&mut one, &mut other);
}

fn made(interface: interbind::__private::Interface, record: &interbind::abi::types::TypeRecord) -> SeriesHandle {
    let _again = interface.again();
    let _elsewhere: interbind::__private::Interface<interbind::AnyThread> = interface.detached();
    interbind::Handle::new(core::ptr::NonNull::dangling(), record)
}

fn main() {}
