//! What changed between releases, on facts made by hand: each law changes one thing.

use interbind_doctor::diff::{Diff, Effect, diff, diff_ids};
use interbind_doctor::facts::{
    Arch, CApi, Claim, DeclaredType, Domain, EntryPoint, Format, Framework, FrameworkKind, Gil, Inspection,
    Interpreters, Libc, LibcKind, Module, Os, OurNote, PythonNeeds, Role, Stable, StableKind, Target,
    Versions,
};
use interbind_doctor::finding::Level;
use interbind_doctor::ids::parse;

const OLD_KEY: &str = "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
const NEW_KEY: &str = "__pybind11_internals_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";

fn framework(kind: FrameworkKind, version: &str, key: &str) -> Framework {
    let id = parse(key).expect("an id").facts();
    Framework {
        kind,
        present: Claim::certain(true, []),
        role: Role::Whole,
        version: Claim::certain(Versions::exactly(version), []),
        internals: None,
        ids: vec![Claim::certain(id, [])],
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: Vec::new(),
    }
}

fn module(name: &str, python: &str) -> Module {
    Module {
        path: format!("{name}.so"),
        member: None,
        name: Some(name.to_owned()),
        size: 1,
        extension: true,
        program: false,
        target: Target {
            format: Format::Elf,
            os: Claim::certain(Os::Linux, []),
            arch: Arch { name: "x86_64".to_owned(), bits: 64, little_endian: true },
            libc: Claim::certain(Libc { kind: LibcKind::Glibc, floor: Some("2.17".to_owned()) }, []),
            cxx: None,
            strings: None,
            compilers: Vec::new(),
        },
        python: PythonNeeds {
            implementation: Claim::certain("cpython".to_owned(), []),
            version: Claim::certain(python.to_owned(), []),
            free_threaded: Claim::certain(false, []),
            debug: Claim::certain(false, []),
            tag: None,
            built: None,
            stable: None,
            entries: vec![EntryPoint { symbol: format!("PyInit_{name}"), module: name.to_owned() }],
            gil: Claim::certain(Gil::Used, []),
            interpreters: Claim::certain(Interpreters::MainOnly, []),
            protocols: Vec::new(),
        },
        frameworks: vec![framework(FrameworkKind::Pybind11, "3.0.1", OLD_KEY)],
        partners: Vec::new(),
        capi: CApi::default(),
        needed: vec!["libc.so.6".to_owned()],
        links: interbind_doctor::facts::Links::default(),
        note: None,
        problems: Vec::new(),
    }
}

fn of(modules: Vec<Module>) -> Inspection {
    Inspection { schema: "interbind-inspect/1".to_owned(), modules, problems: Vec::new() }
}

/// One module, changed.
fn changed(change: impl FnOnce(&mut Module)) -> Diff {
    let old = module("m", "3.12");
    let mut new = old.clone();
    change(&mut new);
    diff(&of(vec![old]), &of(vec![new]))
}

#[track_caller]
fn one(diff: &Diff, what: &str) -> (Effect, Option<String>, Option<String>) {
    let change = diff.modules[0].changes.iter().find(|change| change.what == what);
    let change = change.unwrap_or_else(|| panic!("no {what}: {diff:#?}"));
    (change.effect, change.before.clone(), change.after.clone())
}

fn pair(before: &str, after: &str) -> (Option<String>, Option<String>) {
    (Some(before.to_owned()), Some(after.to_owned()))
}

#[test]
fn the_same_release_has_no_changes_and_no_findings() {
    let same = changed(|_| {});
    assert!(!same.breaking && same.modules[0].changes.is_empty() && same.findings().is_empty());
    assert_eq!(same.schema, "interbind-diff/1");
}

#[test]
fn another_key_breaks_sharing_and_says_which_part_differs() {
    let diff = changed(|new| new.frameworks = vec![framework(FrameworkKind::Pybind11, "3.1.0", NEW_KEY)]);
    assert!(diff.breaking);
    let change = &diff.modules[0].changes[0];
    assert_eq!((change.what.as_str(), change.effect), ("internals-key", Effect::BreaksSharing));
    let differing: Vec<_> =
        change.parts.iter().filter(|part| !part.same).map(|part| part.name.as_str()).collect();
    assert_eq!(differing, ["internals"]);
    assert_eq!(one(&diff, "version").0, Effect::Noted);
    let findings = diff.findings();
    assert_eq!((findings[0].rule.as_str(), findings[0].level), ("sharing-broken", Level::Error));
}

#[test]
fn another_release_of_one_key_breaks_nothing() {
    let diff = changed(|new| new.frameworks[0].version = Claim::certain(Versions::exactly("3.0.4"), []));
    assert!(!diff.breaking && diff.findings().is_empty());
    assert_eq!(one(&diff, "version"), (Effect::Noted, Some("3.0.1".to_owned()), Some("3.0.4".to_owned())));
}

#[test]
fn another_domain_breaks_sharing_and_an_unknown_one_is_said_to_be() {
    let tag = "v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1";
    let domain = |name: &str| Some(Claim::certain(Domain { name: name.to_owned() }, []));
    let mut old = module("m", "3.12");
    old.frameworks = vec![framework(FrameworkKind::Nanobind, "2.10.0", tag)];
    old.frameworks[0].domain = domain("");
    let mut new = old.clone();
    new.frameworks[0].domain = domain("mine");
    let other = diff(&of(vec![old.clone()]), &of(vec![new.clone()]));
    assert!(other.breaking);
    assert_eq!(
        one(&other, "domain"),
        (Effect::BreaksSharing, Some("(default)".to_owned()), Some("mine".to_owned()))
    );
    new.frameworks[0].domain = Some(Claim::unknown("not followed"));
    let unknown = diff(&of(vec![old]), &of(vec![new]));
    assert!(!unknown.breaking);
    assert_eq!(one(&unknown, "domain").0, Effect::Unknown);
}

#[test]
fn a_framework_that_is_gone_breaks_sharing() {
    let diff = changed(|new| new.frameworks.clear());
    assert!(diff.breaking);
    assert_eq!(one(&diff, "framework").0, Effect::BreaksSharing);
}

#[test]
fn floors_that_rise_narrow_loading_and_those_that_fall_widen_it() {
    let floor =
        |floor: &str| Claim::certain(Libc { kind: LibcKind::Glibc, floor: Some(floor.to_owned()) }, []);
    let higher = changed(|new| new.target.libc = floor("2.28"));
    assert_eq!(
        one(&higher, "libc-floor"),
        (Effect::NarrowsLoading, pair("2.17", "2.28").0, pair("2.17", "2.28").1)
    );
    assert!(!higher.breaking);
    assert_eq!(higher.findings()[0].rule, "loading-narrowed");
    let lower = changed(|new| new.target.libc = floor("2.5"));
    assert_eq!(one(&lower, "libc-floor").0, Effect::Widens, "2.5 is older than 2.17");
    assert!(lower.findings().is_empty());
}

#[test]
fn the_stable_abis_floor_is_compared_as_a_version() {
    let stable = |claimed: &str| {
        let claim = |text: &str| Claim::certain(text.to_owned(), []);
        Some(Stable {
            kind: StableKind::Abi3,
            claimed: claim(claimed),
            needed: claim("3.8"),
            exported: None,
            outside: Vec::new(),
        })
    };
    let mut old = module("m", "3.12");
    old.python.stable = stable("3.9");
    let mut new = old.clone();
    new.python.stable = stable("3.10");
    let diff = diff(&of(vec![old]), &of(vec![new]));
    assert_eq!(one(&diff, "python-floor").0, Effect::NarrowsLoading);
}

#[test]
fn declarations_entries_and_libraries_are_compared() {
    let gil = changed(|new| new.python.gil = Claim::certain(Gil::NotUsed, []));
    assert_eq!(one(&gil, "gil").0, Effect::Widens);
    let shared = changed(|new| new.python.interpreters = Claim::certain(Interpreters::PerInterpreterGil, []));
    assert_eq!(one(&shared, "interpreters").0, Effect::Widens);
    let entry = changed(|new| new.python.entries.clear());
    assert_eq!(one(&entry, "entry"), (Effect::NarrowsLoading, Some("m".to_owned()), None));
    let needed = changed(|new| new.needed.push("libx.so.1".to_owned()));
    assert_eq!(one(&needed, "needed"), (Effect::Noted, None, Some("libx.so.1".to_owned())));
}

#[test]
fn modules_are_paired_by_name_and_target() {
    let old = of(vec![module("a", "3.11"), module("a", "3.12"), module("gone", "3.12")]);
    let mut other = module("a", "3.12");
    other.frameworks = vec![framework(FrameworkKind::Pybind11, "3.1.0", NEW_KEY)];
    let new = of(vec![module("come", "3.12"), other, module("a", "3.11")]);
    let diff = diff(&old, &new);
    let told: Vec<_> = diff.modules.iter().map(|module| (module.target.clone(), module.breaking)).collect();
    assert_eq!(
        told,
        [
            ("linux x86_64 glibc, cpython 3.11".to_owned(), false),
            ("linux x86_64 glibc, cpython 3.12".to_owned(), true)
        ]
    );
    assert_eq!(diff.removed.iter().map(|named| named.name.as_str()).collect::<Vec<_>>(), ["gone"]);
    assert_eq!(diff.added.iter().map(|named| named.name.as_str()).collect::<Vec<_>>(), ["come"]);
    assert!(diff.findings().iter().any(|finding| finding.rule == "module-removed"));
}

#[test]
fn a_module_that_went_to_the_stable_abi_is_the_same_module() {
    let old = module("a", "3.12");
    let mut new = old.clone();
    let claim = |text: &str| Claim::certain(text.to_owned(), []);
    new.python.version = Claim::unknown("a stable ABI");
    new.python.stable = Some(Stable {
        kind: StableKind::Abi3,
        claimed: claim("3.9"),
        needed: claim("3.9"),
        exported: None,
        outside: Vec::new(),
    });
    let diff = diff(&of(vec![old]), &of(vec![new]));
    assert!(diff.removed.is_empty() && diff.added.is_empty());
    assert_eq!(one(&diff, "target").0, Effect::Widens);
}

#[test]
fn two_files_of_other_names_are_compared_and_two_empty_folders_are_equal() {
    let diff_ = diff(&of(vec![module("a", "3.12")]), &of(vec![module("b", "3.12")]));
    assert_eq!(diff_.modules.len(), 1);
    assert!(!diff(&of(Vec::new()), &of(Vec::new())).breaking);
}

#[test]
fn two_ids_are_compared_part_by_part() {
    let diff = diff_ids(OLD_KEY, NEW_KEY).expect("both are ids");
    assert!(diff.breaking);
    assert_eq!(diff.modules[0].changes[0].parts.iter().filter(|part| !part.same).count(), 1);
    assert!(!diff_ids(OLD_KEY, OLD_KEY).unwrap().breaking);
    assert!(diff_ids("hello", OLD_KEY).is_none());
    let other = diff_ids(OLD_KEY, "v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1").unwrap();
    assert!(!other.breaking && other.modules[0].changes[0].effect == Effect::Unknown);
}

/// A consumer that was rebuilt against a changed struct, under the requirement it had.
#[test]
fn a_consumer_with_another_layout_under_the_same_requirement_breaks_sharing() {
    let consumer = |descriptor: &str| {
        let platform = "os=linux arch=x86_64 bits=64 endian=little c=sysv python=cpython api=3.12 gil=on debug=no refs=no";
        let text = format!(
            "name=c\nversion=1.0.0\ninterbind=0.1.0\npanic=unwind\ncompiler=rustc\nplatform={platform}\nconsumes=a.P ^1.0.0"
        );
        let declared = DeclaredType {
            name: "a.P".to_owned(),
            version: "1.2.0".to_owned(),
            descriptor: descriptor.to_owned(),
        };
        let note = OurNote {
            module: text.lines().map(str::to_owned).collect(),
            declared: vec![declared],
            ..OurNote::default()
        };
        let module = Module { note: Some(note), ..module("c", "3.12") };
        Inspection { schema: "interbind-inspect/1".to_owned(), modules: vec![module], problems: Vec::new() }
    };
    let old = consumer("data a.P size 16 align 8 { x: f64 @0; y: f64 @8 }");
    assert!(diff(&old, &old).findings().is_empty());
    let found = diff(&old, &consumer("data a.P size 8 align 4 { x: f32 @0; y: f32 @4 }")).findings();
    assert_eq!((found[0].rule.as_str(), found[0].level), ("sharing-broken", Level::Error));
    assert!(found[0].message.contains("another declaration"), "{}", found[0].message);
}
