//! A missing symbol that no package brings: one of the C++ standard library, or one that a newer macOS has. The runtime of the
//! process is older than what the file was compiled for.

use super::meaning::Meaning;
use super::refine::step;
use super::symbols::{Read, StringAbi};

/// Says so, where the symbol is of that kind; whether it is.
pub(super) fn refine(meaning: &mut Meaning, read: &Read, behind: &str) -> bool {
    let lines: String = behind.lines().take(6).collect::<Vec<_>>().join("\n");
    if of_macos(meaning, &lines) {
        return true;
    }
    let own = read.declaration.as_deref().is_some_and(is_standard);
    if !own || read.owner.is_some() {
        return false;
    }
    let mac = lines.contains("dlopen(") || lines.contains("flat namespace") || lines.contains("Expected in");
    let llvm = read.abi == Some(StringAbi::Llvm) || mac;
    let name = if llvm { "LLVM's C++ library (`libc++`)" } else { "GNU's C++ library (`libstdc++`)" };
    meaning.seen.push(format!("it belongs to the C++ standard library: {name}"));
    meaning.names.insert("owner".to_owned(), name.to_owned());
    meaning.causes = vec![
        "The C++ library of this process is older than the compiler that built the file: an old one of the system's, a conda \
         environment's or another program's was loaded first."
            .to_owned(),
        "The file isn't linked to the C++ library (it was linked as C), and nothing in the process has loaded it.".to_owned(),
    ];
    if !mac {
        meaning.next.insert(
            0,
            step(
                "See which copy is loaded",
                Some("LD_DEBUG=libs python script.py 2>&1 | grep -E 'libstdc|libc\\+\\+'".to_owned()),
            ),
        );
    }
    true
}

/// Whether a declaration is the standard library's own: a name in `std` that isn't a template over somebody's types.
fn is_standard(declaration: &str) -> bool {
    let prefixes = ["typeinfo for ", "typeinfo name for ", "vtable for ", "VTT for ", "guard variable for "];
    let bare = prefixes.iter().fold(declaration, |text, prefix| text.trim_start_matches(prefix));
    let name = bare.split('(').next().unwrap_or(bare);
    let name = name.rsplit(' ').next().unwrap_or(name);
    ["std::", "__cxxabiv1::", "__gnu_cxx::"].iter().any(|space| name.starts_with(space))
        && !name.contains('<')
}

/// macOS says for which release a file was built, and where it looked: in a library of the system's own.
fn of_macos(meaning: &mut Meaning, lines: &str) -> bool {
    let system = lines.split("Expected in: ").nth(1).and_then(|rest| rest.lines().next()).and_then(|line| {
        let path = line.split_whitespace().find(|word| word.starts_with('/'))?;
        ["/usr/lib/", "/System/"].iter().any(|start| path.starts_with(start)).then(|| path.to_owned())
    });
    let Some(system) = system else { return false };
    let built = lines.split("built for ").nth(1).and_then(|rest| rest.split(')').next());
    let built = built.map(|text| text.replace("Mac OS X", "macOS")).filter(|text| text.starts_with("macOS"));
    meaning.seen.push(format!("it was looked for in `{system}`, a part of macOS itself"));
    let newer = match &built {
        Some(built) => format!("This macOS is older than the one that the file was built for, {built}."),
        None => "This macOS is older than the one that the file was built for.".to_owned(),
    };
    meaning.causes = vec![
        newer,
        "It was built with a newer SDK and a deployment target that says otherwise, and calls what only newer systems have.".to_owned(),
    ];
    meaning.next.push(step(
        "Take an older release of the package, whose wheels are for this macOS, or build it here",
        Some("python -m pip install --force-reinstall --no-binary PACKAGE PACKAGE".to_owned()),
    ));
    true
}

#[cfg(test)]
mod tests {
    use super::is_standard;

    #[test]
    fn a_template_over_a_librarys_types_isnt_the_standard_librarys() {
        for (declaration, own) in [
            ("typeinfo for std::ios_base::failure[abi:cxx11]", true),
            ("std::exception_ptr::__from_native_exception_pointer(void*)", true),
            ("std::__throw_bad_array_new_length()", true),
            ("std::vector<torch::Tensor>::push_back(torch::Tensor const&)", false),
            ("c10::Error::Error(c10::SourceLocation, std::string)", false),
            ("vtable for stdx::A", false),
        ] {
            assert_eq!(is_standard(declaration), own, "{declaration}");
        }
    }
}
