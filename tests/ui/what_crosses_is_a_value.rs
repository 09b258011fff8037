use std::collections::HashMap;

#[derive(Clone, Copy)]
struct Undeclared(u8);

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn count(&self, words: HashMap<String, u64>) -> usize;
    fn each(&self, values: &[Undeclared]);
}

fn main() {}
