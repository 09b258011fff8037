struct Plain;
trait Local {}

interbind::module! {
    name = "plain",
    provides = [Plain],
    consumes = [dyn Local ^1],
}

fn main() {}
