//! `explain --here`: the file that a message names is on the machine, so the one true cause can be said.

use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::explain::{Meaning, explain, look};
use interbind_doctor::host::HostPython;

/// A Python 3.12 on x86-64 Linux with one folder of packages.
fn python(site: &Path) -> HostPython {
    let answer = serde_json::json!({
        "executable": "/usr/bin/python3", "implementation": "cpython", "version": "3.12", "full_version": "3.12.1",
        "free_threaded": false, "debug": false, "platform": "linux-x86_64", "machine": "x86_64", "bits": 64,
        "soabi": "cpython-312-x86_64-linux-gnu", "libc": "glibc", "libc_version": "2.36", "folders": [site],
    });
    HostPython::from_answer(&answer.to_string()).expect("an answer")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("here").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

fn told(text: &str, site: &Path) -> Meaning {
    let mut said = explain(text);
    look(&mut said, &python(site));
    said.meanings.into_iter().next().expect("it is known")
}

#[test]
fn a_file_for_another_processor_is_the_one_cause() {
    let site = folder("processor");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus/fixtures/markupsafe-3.0.3/_speedups.cpython-314-riscv64-linux-gnu.so");
    fs::create_dir_all(site.join("markupsafe")).expect("it is writable");
    let file = site.join("markupsafe/_speedups.so");
    fs::copy(fixture, &file).expect("the corpus has it");
    let meaning = told(
        &format!("ImportError: {}: cannot open shared object file: Exec format error", file.display()),
        &site,
    );
    assert_eq!(meaning.causes.len(), 1, "{meaning:#?}");
    assert!(
        meaning.causes[0].contains("riscv64") && meaning.causes[0].contains("x86_64"),
        "{:?}",
        meaning.causes
    );
    let command = meaning.next[0].command.as_deref().expect("it has one");
    assert!(command.ends_with(" markupsafe"), "the package is named, not a placeholder: {command}");
}

#[test]
fn a_pointer_of_git_lfs_is_said_to_be_one() {
    let site = folder("lfs");
    let file = site.join("_core.so");
    fs::write(&file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
        .expect("it is writable");
    let meaning = told(&format!("ImportError: {}: invalid ELF header", file.display()), &site);
    assert!(meaning.causes.len() == 1 && meaning.causes[0].contains("Git LFS"), "{meaning:#?}");
}

#[test]
fn a_library_in_another_packages_folder_says_what_to_import() {
    let site = folder("library");
    fs::create_dir_all(site.join("torch/lib")).expect("it is writable");
    fs::write(site.join("torch/lib/libc10.so"), "").expect("it is writable");
    let text = "ImportError: libc10.so: cannot open shared object file: No such file or directory";
    let meaning = told(text, &site);
    assert!(meaning.causes.len() == 1 && meaning.causes[0].contains("import `torch` before"), "{meaning:#?}");
    let elsewhere = told(&text.replace("libc10", "libnobody_has_this"), &site);
    assert!(elsewhere.here[0].contains("no `libnobody_has_this.so` is in"), "{elsewhere:#?}");
}

#[test]
fn a_file_that_is_not_here_is_said_not_to_be() {
    let meaning = told("ImportError: /no/such/x.so: undefined symbol: PyFoo_Bar", &folder("missing"));
    assert_eq!(meaning.here, ["`/no/such/x.so` isn't on this machine"]);
}
