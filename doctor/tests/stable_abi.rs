//! The table of the stable ABI: whole, in order, and what a real Python offers. Also the command that makes it anew:
//!
//! `INTERBIND_STABLE_ABI=path/to/Misc/stable_abi.toml cargo test -p interbind-doctor --test stable_abi`
//!
//! with the file of CPython's sources, of the newest release.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::{env, fs};

use interbind_doctor::binary::Image;

const HEAD: &str = "\
# Symbols of Python's stable ABI, and the first release that has each.
# Made from Misc/stable_abi.toml of CPython (3.15, by way of abi3info 2026.9.25, without 3.16's); see tests/stable_abi.rs for the command.
# Functions and data alone; a third word is the macro without which a Python doesn't have the symbol.
";

/// The newest minor release; what CPython's list has for the next one may still change.
const NEWEST: u8 = 15;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/stable_abi.txt")
}

/// The table as a file's text, made from CPython's list.
fn table(list: &str) -> String {
    let list: toml::Table = list.parse().expect("CPython's list is TOML");
    let mut lines = BTreeMap::new();
    for kind in ["function", "data"] {
        let items = list[kind].as_table().expect("there are some of each kind");
        for (name, item) in items {
            let added = item["added"].as_str().expect("each says since when");
            let minor: u8 = added.strip_prefix("3.").and_then(|minor| minor.parse().ok()).expect(added);
            if minor > NEWEST {
                continue;
            }
            let only = item
                .get("ifdef")
                .map_or(String::new(), |only| format!(" {}", only.as_str().expect("a macro's name")));
            lines.insert(name.clone(), format!("{name} {added}{only}\n"));
        }
    }
    HEAD.to_owned() + &lines.into_values().collect::<String>()
}

#[test]
fn the_table_is_what_its_source_says() {
    let Some(source) = env::var_os("INTERBIND_STABLE_ABI") else {
        println!("skip: the table of the stable ABI: INTERBIND_STABLE_ABI names no stable_abi.toml");
        return;
    };
    let made = table(&fs::read_to_string(source).expect("the list is readable"));
    if fs::read_to_string(file()).ok().as_deref() != Some(&made) {
        fs::write(file(), made).expect("the table is writable");
        panic!("the table was out of date and is written anew: look at the difference and run this again");
    }
}

#[test]
fn a_list_becomes_lines_in_order() {
    let list = "[function.PyB]\nadded = '3.2'\nifdef = 'MS_WINDOWS'\n[data.PyA]\nadded = '3.10'\n[struct.PyC]\nadded = '3.2'\n";
    assert_eq!(table(list), format!("{HEAD}PyA 3.10\nPyB 3.2 MS_WINDOWS\n"));
}

#[test]
fn lines_are_in_order_and_name_a_release() {
    let text = fs::read_to_string(file()).expect("the table is in the repository");
    assert!(text.starts_with(HEAD));
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
