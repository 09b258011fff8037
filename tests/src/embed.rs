//! A C program with a Python in it, which starts and ends several times in one process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection};

use crate::compile::compile;
use crate::package::repository;
use crate::python::{self, FOREIGN, Python};
use crate::skip::{Lack, missing};

/// Compiles `embed.c` against an interpreter's own library; `name` is the test's, which nobody else writes to.
pub fn program(workshop: &Path, name: &str, python: &Python) -> Option<PathBuf> {
    let what = format!("an embedded Python {python}");
    let Some(gcc) = python::program("cc") else {
        missing(&what, Lack::Program("cc"), "no C compiler");
        return None;
    };
    let question = "import sysconfig, sys\nv = sysconfig.get_config_var\nprint(sysconfig.get_path('include'))\n\
                    print(v('LIBDIR'))\nprint(v('LIBPL'))\nprint(v('LDVERSION'))\nprint(v('LIBS') or '', v('SYSLIBS') or '')";
    let answer =
        Command::new(&python.executable).args(["-c", question]).output().expect("it has answered before");
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    let lines: Vec<_> = answer.lines().collect();
    let [include, library, config, version, more] = lines[..] else { panic!("{answer}") };
    let file = workshop.join(format!("embed-{name}-{python}"));
    let mut arguments = vec![repository().join("tests/fixtures/embed.c").display().to_string()];
    arguments.extend([format!("-I{include}"), format!("-L{library}"), format!("-L{config}")]);
    arguments.push(format!("-Wl,-rpath,{library}"));
    arguments.extend(loader(&python.executable));
    arguments.extend(["-rdynamic".to_owned(), format!("-lpython{version}")]);
    arguments.extend(more.split_whitespace().map(str::to_owned));
    arguments.extend(["-lm", "-ldl", "-lpthread", "-o"].map(str::to_owned));
    arguments.push(file.display().to_string());
    if let Err(said) = compile(&gcc, &arguments) {
        let lack = python.to_string();
        // The first line is the command.
        missing(&what, Lack::Headers(&lack), said.lines().nth(1).unwrap_or("it can't be linked"));
        return None;
    }
    Some(file)
}

/// A Python that brings a C library of its own starts through that one's loader, and so does the program then.
fn loader(executable: &Path) -> Vec<String> {
    let read = |bytes: Vec<u8>| {
        let file = object::File::parse(&*bytes).ok()?;
        let section = file.section_by_name(".interp")?;
        Some(String::from_utf8_lossy(section.data().ok()?).trim_end_matches('\0').to_owned())
    };
    match fs::read(executable).ok().and_then(read) {
        Some(path) if !path.starts_with("/lib") => vec![
            format!("-Wl,--dynamic-linker={path}"),
            format!("-Wl,-rpath,{}", Path::new(&path).parent().expect("a file stands in a folder").display()),
            // The linker looks for what Python's library wants in this machine's own C library.
            "-Wl,--allow-shlib-undefined".to_owned(),
            "-Wl,--disable-new-dtags".to_owned(),
        ],
        _ => Vec::new(),
    }
}

/// Runs the program: five rounds, the second script in the last. It must say nothing on stderr.
#[track_caller]
pub fn run(program: &Path, python: &Python, folder: &Path, scripts: [&str; 2]) -> String {
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    let home = Command::new(&python.executable).args(["-c", "import sys; print(sys.base_prefix)"]).output();
    let home = String::from_utf8_lossy(&home.expect("it has answered before").stdout).trim().to_owned();
    let output = command
        .env("PYTHONHOME", home)
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("5")
        .args(scripts)
        .output()
        .expect("it was just compiled");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "Python {python}: {:?}\n{said}", output.status);
    assert_eq!(said, "", "Python {python}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
