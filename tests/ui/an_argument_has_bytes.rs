#[derive(Clone, Copy, interbind::Shared)]
#[shared(name = "org.frame.Nothing", version = "1.0.0")]
#[repr(C)]
struct Nothing {
    none: [u8; 0],
}

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn passes(&self, three: [f64; 3], slice: &[[u8; 0]], reference: &Nothing) -> [u8; 3];
    fn nothing_comes_back(&self) -> ();
    fn unit(&self, nothing: ());
    fn array(&self, nothing: [f64; 0]);
    fn data(&self, nothing: Nothing);
    fn option(&self, nothing: Option<[u8; 0]>);
}

fn main() {}
