#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn push(&mut self, value: f64);
    fn consume(self);
    fn boxed(self: Box<Self>);
    fn nothing();
    fn keep(&self, text: &'static str);
    fn write(&self, out: &mut [f64]);
}

fn main() {}
