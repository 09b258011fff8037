//! The smoke set on the repository's own data: real extensions, one Python, as few builds as can say
//! anything. Without a `python3` a visible skip.

use std::path::Path;

use interbind_conformance::house::House;
use interbind_conformance::report::text;
use interbind_conformance::run::{Options, Suite};

#[test]
fn the_smoke_set_is_green() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the repository");
    let suite = Suite::read(House::at(root), &[]).unwrap_or_else(|error| panic!("{error}"));
    if suite.hosts.resolve("default").is_none() {
        eprintln!("skipped: no `python3` on the PATH that hosts.toml knows");
        return;
    }
    let options = Options { set: "smoke".to_owned(), ..Options::default() };
    let plan = suite.plan(&options).unwrap_or_else(|error| panic!("{error}"));
    let report = suite.run(&options, &plan).unwrap_or_else(|error| panic!("{error}"));
    println!("{}", text::counts(&report));
    assert!(!report.is_red(), "{}", text::render(&report, false));
}
