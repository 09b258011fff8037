//! `tests/unsafe-files.txt`: every file with unsafe code, so that a new one is seen in review; and the page of the book that says
//! of each of the shim's which boundary it is.
//!
//! In the shim unsafe code is in `ffi`, and in files whose text at the head has a paragraph that begins with `**Boundary**:`. A
//! file with unsafe code and without that sentence is an error, and so is the sentence without unsafe code.

use crate::house::{Source, sources};

const HEAD: &str = "\
# Every file with the word `unsafe` in its code; the macros' files write it into their expansions.
# A new one is a decision: `cargo xtask generate unsafe-list` writes the list anew.
# What each of the shim's is there for is in docs/src/design/unsafe.md.
";

const PAGE: &str = "\
# Where unsafe code is

Each extension that links `interbind` trusts its unsafe code. So that code is in few files, and each of them has a reason.
It is in `ffi`, which speaks to Python, and in the *boundary files*: what other builds call, what calls other builds, and
what takes a caller's word for what the compiler can't see. Everything else in `shim/src` is safe code over types. Some of these
types are proofs:

| type | what it proves | made by |
|---|---|---|
| `Attached<'py>` | this thread may call Python during `'py` | a function that Python calls |
| `Live<'a>` | the object is alive and the thread attached, both during `'a` | a handle, a `Bound` of PyO3 |
| `Strong`, `Owed` | a reference is owned; by an attached thread, or by one that hands it on | a call of Python |
| `Raised` | a Python exception is set | a look at it |
| `Core`, `Types`, `List` | another build's core or registry was judged, and is alive | the files that judge |
| `Judged` | a type record was judged for what its user expects | the order of the check |
| `Fitting<'a>` | it was, and the object's class is the record's | a comparison of the classes |
| `Kept<T>` | what is here is never freed | a `&'static T`, or a box that is given up |

A file that isn't in these lists gets no unsafe code: `cargo xtask generate unsafe-list` refuses it, and a test with it. What it
needs is a safe function of `ffi` or of a boundary file. A new boundary file says which boundary it is in a paragraph at its
head that begins with `**Boundary**:`, and this page shows it.

";

/// The list.
pub fn text() -> String {
    let paths: String = all().map(|source| source.path + "\n").collect();
    format!("{HEAD}{paths}")
}

/// The page.
///
/// # Errors
/// A file of the shim has unsafe code and isn't a boundary file, or says that it is one and has none.
pub fn page() -> Result<String, String> {
    let files = sources(&[".rs"]);
    let (rows, problems) = boundaries(&files);
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let shim = files.iter().filter(|source| source.path.starts_with(SHIM)).count();
    let mut page = format!(
        "{PAGE}## Boundary files\n\n{} of the {shim} files of `shim/src`.\n\n| file | the boundary |\n|---|---|\n",
        rows.len()
    );
    for (path, reason) in rows {
        page.push_str(&format!("| `{path}` | {reason} |\n"));
    }
    page.push_str("\n## The files of `ffi`\n\n| file | its corner of Python |\n|---|---|\n");
    for source in files.iter().filter(|source| source.path.starts_with(FFI) && has_unsafe(source)) {
        let path = source.path.trim_start_matches(SHIM);
        page.push_str(&format!("| `{path}` | {} |\n", paragraph(&source.text, "").unwrap_or_default()));
    }
    Ok(page)
}

const SHIM: &str = "shim/src/";
const FFI: &str = "shim/src/ffi/";

/// The shim's boundary files outside of `ffi` with their reasons, and what is wrong with others.
pub fn boundaries(files: &[Source]) -> (Vec<(String, String)>, Vec<String>) {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for source in files.iter().filter(|source| source.path.starts_with(SHIM)) {
        let path = source.path.trim_start_matches(SHIM).to_owned();
        match (has_unsafe(source), source.path.starts_with(FFI), paragraph(&source.text, "**Boundary**: ")) {
            (true, false, Some(reason)) => rows.push((path, reason)),
            (true, false, None) => problems.push(format!(
                "{}: unsafe code outside of `ffi` and of the boundary files: make it safe code over a type or a function of \
                 these, or say at its head which boundary it is (`//! **Boundary**: …`)",
                source.path
            )),
            (false, false, Some(_)) | (_, true, Some(_)) => problems.push(format!(
                "{}: it says that it is a boundary file, and has no unsafe code or is in `ffi`: remove the sentence",
                source.path
            )),
            (_, true, None) | (false, false, None) => {}
        }
    }
    (rows, problems)
}

/// The paragraph of a file's head that begins so, on one line, without its beginning.
fn paragraph(text: &str, start: &str) -> Option<String> {
    let head: Vec<_> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let mut paragraphs = head.split(|line| line.is_empty()).map(|lines| lines.join(" "));
    paragraphs.find_map(|paragraph| paragraph.strip_prefix(start).map(str::to_owned))
}

fn all() -> impl Iterator<Item = Source> {
    sources(&[".rs"]).into_iter().filter(has_unsafe)
}

fn has_unsafe(source: &Source) -> bool {
    has_word(&source.code(), "unsafe")
}

/// Tells whether a word stands in a text by itself.
pub fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::boundaries;
    use crate::house::Source;

    #[test]
    fn unsafe_code_of_the_shim_is_at_a_boundary_that_is_named() {
        let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let named = "//! Owns it.\n//!\n//! **Boundary**: others\n//! call it.\n\nunsafe fn f() {}\n";
        let files = [
            file("shim/src/ffi/a.rs", "//! A corner.\n\nunsafe fn f() {}\n"),
            file("shim/src/b.rs", named),
            file("shim/src/c.rs", "//! Owns it.\n\n// unsafe\nfn f() {}\n"),
            file("abi/src/d.rs", "//! Another crate's.\n\nunsafe fn f() {}\n"),
        ];
        let (rows, problems) = boundaries(&files);
        assert_eq!(rows, [("b.rs".to_owned(), "others call it.".to_owned())]);
        assert_eq!(problems, [""; 0]);
        let files = [
            file("shim/src/e.rs", "//! Owns it.\n\nunsafe fn f() {}\n"),
            file("shim/src/f.rs", "//! Owns it.\n//!\n//! **Boundary**: none.\n\nfn f() {}\n"),
            file("shim/src/ffi/g.rs", named),
        ];
        let (rows, problems) = boundaries(&files);
        assert!(rows.is_empty());
        let named: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert_eq!(named, ["shim/src/e.rs", "shim/src/f.rs", "shim/src/ffi/g.rs"]);
    }
}
