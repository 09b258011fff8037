use core::cell::Cell;
use interbind::raw::ModuleState;

struct Counter(Cell<u64>);

impl ModuleState for Counter {}

fn main() {}
