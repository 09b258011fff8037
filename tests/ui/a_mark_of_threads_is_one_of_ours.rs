struct Everywhere;

impl interbind::Threads for Everywhere {
    const STAYS: bool = false;

    fn is_attached() -> bool {
        true
    }
}

impl interbind::Passes<true> for interbind::AnyThread {}

fn main() {}
