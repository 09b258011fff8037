//! The table as text: a line for each release and each mark, so that a change is a line in a diff.

use std::fmt::Write;

use interbind_doctor::versions::{Form, Framework, Mark, Release, Table};

const HEAD: &str = "\
# Which release of a framework wrote which number, which form of id and which text.
#
# `cargo xtask releases` makes this file from the frameworks' own released headers; `releases --check`
# compares. By hand are each framework's `source`, and which texts are marks.
#
# releases: `internals` is the number of the shared state's layout, for `any` build, for Python 3.12 and later, and for
# Microsoft's compiler; `form` is what ids look like; `conduit` pybind11's; `backend` nanobind's backend ABI.
# marks: texts that not all releases have. `every`: each module of such a release has it, so that its absence tells too.
";

/// Prints the whole file.
pub(super) fn table(table: &Table) -> String {
    let mut text = HEAD.to_owned();
    framework(&mut text, "pybind11", &table.pybind11);
    framework(&mut text, "nanobind", &table.nanobind);
    framework(&mut text, "swig", &table.swig);
    text
}

fn framework(text: &mut String, name: &str, framework: &Framework) {
    // Writing into a String can't fail.
    let _ = writeln!(text, "\n[{name}]\nsource = {:?}\nreleases = [", framework.source);
    for each in &framework.releases {
        let _ = writeln!(text, "    {{ {} }},", release(each));
    }
    text.push_str("]\n");
    if !framework.marks.is_empty() {
        text.push_str("marks = [\n");
        for each in &framework.marks {
            let _ = writeln!(text, "    {{ {} }},", mark(each));
        }
        text.push_str("]\n");
    }
}

fn release(release: &Release) -> String {
    let numbers = release.internals;
    let named = [("any", numbers.any), ("python312", numbers.python312), ("msvc", numbers.msvc)];
    let numbers: Vec<String> = named.iter().filter_map(|(n, v)| Some(format!("{n} = {}", (*v)?))).collect();
    let mut fields = vec![format!("version = {:?}", release.version)];
    if !numbers.is_empty() {
        fields.push(format!("internals = {{ {} }}", numbers.join(", ")));
    }
    fields.push(format!("form = {:?}", form(release.form)));
    if release.conduit {
        fields.push("conduit = true".into());
    }
    fields.extend(release.backend.map(|n| format!("backend = {n}")));
    fields.join(", ")
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Bare => "bare",
        Form::Debug => "debug",
        Form::Named => "named",
        Form::NamedMscver => "named-mscver",
        Form::System => "system",
        Form::Tagged => "tagged",
    }
}

fn mark(mark: &Mark) -> String {
    let spans: Vec<String> = mark.releases.iter().map(|s| format!("{s:?}")).collect();
    let every = if mark.every { ", every = true" } else { "" };
    format!("text = {:?}, releases = [{}]{every}", mark.text, spans.join(", "))
}
