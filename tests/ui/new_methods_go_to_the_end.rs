#[interbind::interface(name = "org.frame.Series", version = "2.2.0")]
trait Middle {
    fn len(&self) -> u64;
    #[since("2.2")]
    fn label(&self) -> String;
    #[since("2.1.0")]
    fn get(&self, i: u64) -> f64;
    fn first(&self) -> f64;
}

fn main() {}
