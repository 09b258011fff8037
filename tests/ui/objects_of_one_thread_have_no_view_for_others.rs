#[interbind::interface(name = "org.frame.Cursor", version = "1.0.0", thread = owner)]
trait Cursor {
    fn position(&self) -> u64;
}

interbind::module! { name = "stats", consumes = [dyn Cursor ^1] }

fn viewed(cursor: Foreign<dyn Cursor>) {
    let _view = cursor.detached();
}

fn sent(cursor: Foreign<dyn Cursor>) {
    let handle: &CursorHandle = &cursor;
    std::thread::scope(|scope| scope.spawn(|| handle.position()).join()).unwrap().unwrap();
}

fn named(view: interbind::Detached<dyn Cursor>) {
    drop(view);
}

fn main() {}
