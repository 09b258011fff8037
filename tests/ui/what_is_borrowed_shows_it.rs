type Name = &'static str;
type Maybe = Option<&'static [f64]>;

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn rename(&self, name: Name);
    fn fill(&self, values: Maybe, owned: String, number: [u8; 4], text: Option<&str>);
    fn name(&self) -> Result<Name, interbind::Error>;
}

fn main() {}
