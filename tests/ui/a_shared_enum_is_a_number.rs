use interbind::Shared;

#[derive(Clone, Copy, Shared)]
#[repr(u8)]
enum Shape {
    Circle(f64),
    Square { side: f64 },
    Nothing,
}

#[derive(Clone, Copy, Shared)]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, Copy, Shared)]
#[repr(u64)]
enum Large {
    Fits = 1,
    Above = 0x8000_0000_0000_0000,
}

#[derive(Clone, Copy, Shared)]
#[shared(name = "org.frame.Named", version = "1.0.0")]
#[repr(u8)]
enum Named {
    Only,
}

fn main() {}
