use std::rc::Rc;

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
}

#[interbind::interface(name = "org.frame.Own", version = "1.0.0", thread = owner)]
trait Own {
    fn len(&self) -> u64;
}

struct Counted(Rc<u64>);

impl Series for Counted {
    fn len(&self) -> u64 {
        *self.0
    }
}

impl Own for Counted {
    fn len(&self) -> u64 {
        *self.0
    }
}

fn main() {}
