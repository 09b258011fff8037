//! The files of `messages/` as one table: which messages are known. `bindings.toml` says what the fields mean.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::Regex;
use serde::Deserialize;

use super::meaning::{Step, Written};
use super::windows;
use crate::facts::FrameworkKind;

/// The table, read once.
pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::read(&FILES.concat()).expect("a test reads the table"));

const FILES: &[&str] = &[
    include_str!("messages/bindings.toml"),
    include_str!("messages/pyo3.toml"),
    include_str!("messages/loading.toml"),
    include_str!("messages/systems.toml"),
    include_str!("messages/packages.toml"),
    include_str!("messages/pickling.toml"),
    include_str!("messages/process.toml"),
    include_str!("messages/swig_and_boost.toml"),
    include_str!("messages/cython.toml"),
    include_str!("messages/gui.toml"),
    include_str!("messages/computing.toml"),
    include_str!("messages/cuda.toml"),
    include_str!("messages/building.toml"),
    include_str!("messages/other_binders.toml"),
];

/// An entry's words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) id: String,
    #[serde(default)]
    pub(super) framework: Option<FrameworkKind>,
    #[serde(default = "usual")]
    pub(super) rank: u32,
    pub(super) title: String,
    find: Vec<String>,
    patterns: Vec<String>,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    differ: Vec<String>,
    pub(super) means: String,
    pub(super) causes: Vec<String>,
    pub(super) next: Vec<Step>,
    /// Entries that say less of the same event: they aren't given where this one is.
    #[serde(default)]
    pub(super) covers: Vec<String>,
    /// A name whose values are gathered in one block, where the others are the same.
    #[serde(default)]
    pub(super) gather: Option<String>,
    /// Other names that may differ within one event.
    #[serde(default)]
    pub(super) vary: Vec<String>,
    /// Whether it only says that something else failed: it isn't given where that something is.
    #[serde(default)]
    pub(super) outer: bool,
    /// Whether a test provokes it.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests of the table"))]
    live: bool,
    pub(super) sources: Vec<Written>,
}

fn usual() -> u32 {
    50
}

/// An entry that can be searched for.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message: Message,
    /// For text with its lines.
    pub(super) patterns: Vec<Pattern>,
    /// For text whose lines were joined: any space may be missing.
    pub(super) glued: Vec<Pattern>,
}

/// A pattern that is compiled when a text first asks for it: compiling all of them would take longer than any search.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    fn new(pattern: &str, space: &str) -> Self {
        // Names are of ASCII but for rare ones, and classes of all scripts are large.
        let pattern = pattern.replace(r"\w", "[0-9A-Za-z_]").replace(r"\d", "[0-9]");
        let pattern = windows::in_all_languages(&pattern);
        let mut text = String::from("(?ms)");
        let (mut in_class, mut escaped) = (0, false);
        for c in pattern.chars() {
            match c {
                '[' if !escaped => in_class += 1,
                ']' if !escaped && in_class > 0 => in_class -= 1,
                _ => {}
            }
            // Between words a line may end; a name ends where its line does.
            if c == ' ' && in_class == 0 {
                text.push_str(space)
            } else {
                text.push(c)
            }
            escaped = c == '\\' && !escaped;
        }
        Self { text, compiled: OnceLock::new() }
    }

    pub(super) fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| Regex::new(&self.text).expect("a test compiles each"))
    }
}

impl Entry {
    /// Whether the names in a text are as the entry asks: two that must be the same, or must not.
    pub(super) fn fits(&self, group: impl Fn(&str) -> Option<String>) -> bool {
        let last = |name: &String| group(name).map(|text| last_part(&text).to_owned());
        let equal = |names: &[String]| names.windows(2).all(|pair| last(&pair[0]) == last(&pair[1]));
        equal(&self.message.same) && (self.message.differ.is_empty() || !equal(&self.message.differ))
    }
}

/// `Base` of `builtins.Base` and of `ns::Base`.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit(['.', ':']).next().unwrap_or(name)
}

/// The known messages, and one search for all of them.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    /// Finds the literal pieces.
    pub(super) pieces: AhoCorasick,
    /// Finds them in text without spaces.
    pub(super) dense: AhoCorasick,
    /// Whose entry a piece is, by its number.
    pub(super) owners: Vec<usize>,
}

impl Table {
    fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct File {
            message: Vec<Message>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut entries = Vec::new();
        let mut pieces: Vec<String> = Vec::new();
        let mut owners = Vec::new();
        for (number, message) in file.message.into_iter().enumerate() {
            let all = |space: &str| message.patterns.iter().map(|text| Pattern::new(text, space)).collect();
            let (patterns, glued) = (all(r"[ \n]"), all(" ?"));
            owners.extend(message.find.iter().map(|_| number));
            pieces.extend(message.find.iter().cloned());
            entries.push(Entry { patterns, glued, message });
        }
        let search = |pieces: &[String]| AhoCorasick::new(pieces).map_err(|error| error.to_string());
        let dense: Vec<String> = pieces.iter().map(|piece| piece.replace(' ', "")).collect();
        Ok(Self { entries, pieces: search(&pieces)?, dense: search(&dense)?, owners })
    }
}

/// Every source that the table names, with the message it is for: so that they can be looked up.
pub fn sources() -> Vec<(String, Written)> {
    let of = |entry: &'static Entry| {
        entry.message.sources.iter().map(|source| (entry.message.id.clone(), source.clone()))
    };
    TABLE.entries.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_can_be_read_and_each_slug_is_there_once() {
        let table = Table::read(&FILES.concat()).unwrap();
        let mut slugs = BTreeSet::new();
        for entry in &table.entries {
            let message = &entry.message;
            assert!(slugs.insert(message.id.clone()), "{} is there twice", message.id);
            assert!(message.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert!(!message.find.is_empty() && !message.patterns.is_empty(), "{}", message.id);
            for pattern in entry.patterns.iter().chain(&entry.glued) {
                assert!(pattern.regex().captures_len() > 0);
            }
            assert!(!message.causes.is_empty() && !message.next.is_empty(), "{}", message.id);
        }
    }

    #[test]
    fn a_placeholder_names_a_group_of_one_of_the_patterns() {
        let name = Regex::new(r"\{(\w+)(?:\|[^}]*)?\}").unwrap();
        for entry in &TABLE.entries {
            let message = &entry.message;
            let known: BTreeSet<_> =
                entry.patterns.iter().flat_map(|pattern| pattern.regex().capture_names().flatten()).collect();
            let steps = message.next.iter().flat_map(|step| [Some(&step.say), step.command.as_ref()]);
            let texts = [&message.title, &message.means].into_iter().chain(&message.causes);
            for text in texts.chain(steps.flatten()) {
                for found in name.captures_iter(text) {
                    assert!(known.contains(&found[1]), "{}: `{}` is no group", message.id, &found[0]);
                }
            }
        }
    }

    #[test]
    fn a_message_that_no_test_provokes_names_its_source_or_is_known_to_be_unproved() {
        let unproved = [
            "panic-crossed-libraries",
            "glibc-too-old",
            "libstdcxx-too-old",
            "other-symbol-version",
            "dll-other-python",
            "dll-load-failed",
            "abi-info",
            "init-failed",
            "static-tls",
            "dll-procedure-missing",
            "dll-init-failed",
            "numpy-renamed",
            "cython-argument-type",
            "sip-argument-type",
            "shiboken-argument-type",
            "openmp-twice",
            "protobuf-twice",
            "protobuf-release",
            "cuda-differs",
            "init-function-elsewhere",
            "mapping-not-permitted",
            "code-signature-refused",
            "pickle-protocol",
            "pickle-module-not-found",
            "numpy-dispatcher-twice",
            "torch-operator-missing",
            "auditwheel-too-recent",
            "python-object-not-picklable",
            "local-object-not-picklable",
            "attribute-not-in-main",
            "code-of-another-python",
            "pickle-recursion",
            "heap-corrupted",
            "cxx-terminate",
            "killed",
            "crash",
            "capsule-name",
            "swig-argument",
            "swig-overload",
            "swig-no-destructor",
            "boost-signature",
            "boost-already-registered",
            "boost-no-converter",
            "cython-no-capi",
            "numpy-subinterpreter",
            "protobuf-generated-code",
            "sip-api-version",
            "qt-plugin",
            "torch-class-missing",
            "polars-plugin",
            "capsule-import",
            "executable-stack",
            "backtrace",
            "pybind11-not-copyable",
            "base-class-refused",
            "error-left-behind",
            "pickle-attribute-lookup",
            "ctypes-pointer-pickled",
            "native-function-not-found",
            "not-a-c-signature",
            "cython-fused-not-exported",
            "cython-vtable",
            "cython-not-a-type",
            "cython-left-over",
            "cython-not-picklable",
            "cython-checksums",
            "cffi-types-differ",
            "mypyc-inheritance",
            "f2py-argument",
            "wrapped-object-deleted",
            "qt-mixed",
            "objc-class-twice",
            "sip-module-missing",
            "sip-module-version",
            "vtk-argument",
            "pyobjc-c-api",
            "numpy-extensions-failed",
            "bit-generator-unknown",
            "pickle-of-other-release",
            "mkl-cannot-load",
            "mkl-threading-layer",
            "jit-profiling-symbol",
            "registered-twice",
            "protobuf-python-older",
            "jaxlib-differs",
            "processor-lacks",
            "uniffi-mismatch",
            "gopy-handle",
            "cppyy-shadowed",
            "cling-symbols",
            "hpy-abi",
            "wasm-symbol-missing",
            "wasm-magic",
            "pyodide-no-wheel",
            "tvm-ffi-mismatch",
            "kernel-variant-missing",
            "datafusion-ffi",
            "matlab-python",
            "repair-library-missing",
            "repair-not-allowed",
            "repair-macos-version",
            "platform-tag-refused",
            "numpy-struct-private",
            "pyo3-python-too-new",
            "python-library-not-linked",
            "compiler-missing",
            "cuda-no-kernel",
            "cuda-driver-old",
            "cudnn-differs",
            "extension-built-for",
            "torch-library-twice",
            "library-other-machine",
            "policy-blocked",
            "side-by-side",
            "ordinal-missing",
            "opencv-recursion",
            "runtime-dll-missing",
            "psycopg-missing",
            "pickle-damaged",
            "torch-weights-only",
            "spawn-without-guard",
            "keep-alive-failed",
            "buffer-format",
            "pure-virtual",
            "page-size",
            "linked-other-machine",
            "polars-plugin-failed",
            "arrow-released",
            "worker-died",
            "reference-count-broken",
            "no-thread-state",
            "new-not-safe",
            "instance-too-small",
            "same-name",
            "bad-internal-call",
            "file-cut",
            "preload-ignored",
            "no-version-for-this-python",
            "release-of-another-package",
            "pyo3-not-initialised",
            "format-size-macro",
            "class-grew",
            "protobuf-name-taken",
            "method-flags",
            "swig-bare-pointer",
            "wasm-signature",
            "cython-no-signature",
            "assertion-failed",
            "python-headers-missing",
            "wheel-build-failed",
            "svml-missing",
            "blas-threads",
            "qt-init-not-called",
            "qt-other-thread",
            "pyobjc-prototype",
            "wasm-not-loaded",
            "package-hollow",
            "numpy-not-available",
            "openssl-binding-differs",
            "hdf5-differs",
            "kind-not-picklable",
            "pyo3-dropped-detached",
            "boost-not-convertible",
            "boost-not-picklable",
        ];
        for entry in &TABLE.entries {
            let Message { id, live, sources, .. } = &entry.message;
            assert!(*live || !sources.is_empty() || unproved.contains(&id.as_str()), "{id}");
        }
    }
}
