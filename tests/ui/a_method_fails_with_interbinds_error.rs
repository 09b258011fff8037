#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn get(&self, i: u64) -> Result<f64, String>;
}

fn main() {}
