//! The table of the stable ABI: whole, in order, and what a real Python offers. `cargo xtask generate stable-abi` makes it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::{env, fs};

use interbind_doctor::binary::Image;

/// The newest minor release; what CPython's list has for the next one may still change.
const NEWEST: u8 = 15;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/stable_abi.txt")
}

#[test]
fn lines_are_in_order_and_name_a_release() {
    let text = fs::read_to_string(file()).expect("the table is in the repository");
    assert!(text.starts_with("# Symbols of Python's stable ABI"));
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() > 900, "{} symbols are too few", lines.len());
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    assert!(lines.windows(2).all(|two| name(two[0]) < name(two[1])), "the lines are not in order");
    for line in lines {
        let release = line.split(' ').nth(1).expect(line);
        assert!(line.starts_with("Py") || line.starts_with("_Py"), "{line}");
        let minor: u8 = release.strip_prefix("3.").expect(line).parse().expect(line);
        assert!((2..=NEWEST).contains(&minor), "{line}");
    }
}

/// What Python 3.15 exports, if there is one here to hold the table against.
#[test]
fn a_python_has_every_symbol_of_its_release() {
    let cache = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/pythons"));
    let homes = [env::var_os("PYTHONS_HOME").map(PathBuf::from), cache];
    let programs = homes.into_iter().flatten().map(|home| home.join("3.15/bin/python3"));
    let Some(program) = programs.filter_map(|path| fs::canonicalize(path).ok()).next() else {
        println!("skip: the table of the stable ABI against a Python: there is no Python 3.15");
        return;
    };
    let libraries = program.parent().expect("a program stands in a folder").join("../lib");
    let libraries = fs::read_dir(libraries).into_iter().flatten().flatten().map(|entry| entry.path());
    let libraries = libraries.filter(|path| path.to_string_lossy().contains("libpython3.15"));
    let mut offered = HashSet::new();
    for path in libraries.chain([program.clone()]) {
        let bytes = fs::read(&path).unwrap();
        if let Ok(image) = Image::parse(&bytes) {
            offered.extend(image.exports.iter().map(|export| export.name.to_string()));
        }
    }
    if !offered.contains("PyObject_GetAttr") {
        println!("skip: the table of the stable ABI against a Python: 3.15 here exports nothing");
        return;
    }
    let text = fs::read_to_string(file()).unwrap();
    let plain = text.lines().filter(|line| !line.starts_with('#') && line.split(' ').count() == 2);
    let symbols = plain.filter_map(|line| line.split(' ').next());
    let missing: Vec<_> = symbols.filter(|symbol| !offered.contains(*symbol)).collect();
    assert!(missing.is_empty(), "the table has symbols that Python 3.15 hasn't: {missing:#?}");
}
