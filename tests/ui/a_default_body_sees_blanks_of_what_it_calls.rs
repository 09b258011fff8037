use interbind::Object;

#[interbind::interface(name = "org.frame.Series", version = "1.1.0")]
trait Series {
    fn owner(&self) -> Object;
    #[since("1.1")]
    fn has_owner(&self) -> bool {
        drop(self.owner());
        true
    }
}

fn main() {}
