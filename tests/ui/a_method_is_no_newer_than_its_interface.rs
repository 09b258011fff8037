#[interbind::interface(name = "org.frame.Series", version = "2.2.0")]
trait Series {
    fn len(&self) -> u64;
    #[since("2.3")]
    fn label(&self) -> String;
}

fn main() {}
