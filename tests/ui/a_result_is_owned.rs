#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn label(&self) -> &str;
    fn first(&self) -> Option<&u8>;
    fn values(&self) -> Result<&[f64], interbind::Error>;
}

fn main() {}
