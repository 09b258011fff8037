//! Laws of the verdicts, on facts made by hand.

use crate::facts::DeclaredType;
use crate::facts::{
    AbiId, Arch, CApi, Claim, Conduit, Domain, EntryPoint, Format, Framework, FrameworkKind, Gil,
    Interpreters, Libc, LibcKind, Module, Os, OurNote, Part, PythonNeeds, Role, Stable, StableKind, Target,
    Versions,
};
use crate::finding::Level;
use crate::ids;

use super::{Check, NativeCall, Verdict, check, check_all, native_call};
use interbind_abi::Reason;
use interbind_abi::note::ModuleNote;

fn sure<T>(value: T) -> Claim<T> {
    Claim::certain(value, [])
}

/// An extension module for CPython 3.12 on Linux, without a framework.
fn module(name: &str) -> Module {
    Module {
        path: format!("lib/{name}.cpython-312-x86_64-linux-gnu.so"),
        member: None,
        name: Some(name.to_owned()),
        size: 1,
        extension: true,
        program: false,
        target: Target {
            format: Format::Elf,
            os: sure(Os::Linux),
            arch: Arch { name: "x86_64".to_owned(), bits: 64, little_endian: true },
            libc: sure(Libc { kind: LibcKind::Glibc, floor: None }),
            cxx: None,
            strings: None,
            compilers: Vec::new(),
        },
        python: PythonNeeds {
            implementation: sure("cpython".to_owned()),
            version: sure("3.12".to_owned()),
            free_threaded: sure(false),
            debug: sure(false),
            tag: None,
            built: None,
            stable: None,
            entries: vec![EntryPoint { symbol: format!("PyInit_{name}"), module: name.to_owned() }],
            gil: sure(Gil::Used),
            interpreters: sure(Interpreters::MainOnly),
            protocols: Vec::new(),
        },
        frameworks: Vec::new(),
        partners: Vec::new(),
        capi: CApi::default(),
        needed: Vec::new(),
        links: crate::facts::Links::default(),
        note: None,
        problems: Vec::new(),
    }
}

fn framework(kind: FrameworkKind, version: &str, id: Option<AbiId>) -> Framework {
    Framework {
        kind,
        present: sure(true),
        role: Role::Whole,
        version: sure(Versions::exactly(version)),
        internals: None,
        ids: id.into_iter().map(sure).collect(),
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: Vec::new(),
    }
}

/// A module of pybind11 with that key; with a conduit where the release has one.
fn pybind11(name: &str, version: &str, key: &str, conduit: bool) -> Module {
    let id = ids::pybind11_key(key).expect("a key").facts();
    let platform = id.parts.iter().skip(1).map(|part| part.value.as_str()).collect::<Vec<_>>().join("_");
    let mut found = framework(FrameworkKind::Pybind11, version, Some(id));
    found.internals = ids::pybind11_key(key).and_then(|id| id.number()).map(sure);
    found.conduit = Some(sure(Conduit { present: conduit, platform: conduit.then_some(platform) }));
    Module { frameworks: vec![found], ..module(name) }
}

const V11: &str = "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
const V12: &str = "__pybind11_internals_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
const V12_OLD: &str = "__pybind11_internals_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__";
const TAG: &str = "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_a1_v22";
const FRONT: &str = "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1";

fn nanobind(name: &str, tag: &str, domain: Claim<Domain>) -> Module {
    let id = ids::nanobind_tag(tag).expect("a tag").facts();
    let mut found = framework(FrameworkKind::Nanobind, "3.1.0", Some(id));
    found.domain = Some(domain);
    Module { frameworks: vec![found], ..module(name) }
}

fn in_domain(name: &str) -> Claim<Domain> {
    sure(Domain { name: name.to_owned() })
}

fn of_kind(name: &str, kind: FrameworkKind) -> Module {
    Module { frameworks: vec![framework(kind, "1.0", None)], ..module(name) }
}

#[track_caller]
fn verdict_of(told: &Check, operation: &str) -> Verdict {
    told.operation(operation).unwrap_or_else(|| panic!("no {operation}")).verdict
}

#[test]
fn equal_keys_share_everything_and_need_no_fix() {
    let told = check(&pybind11("a", "3.1.0", V12, true), &pybind11("b", "3.1.0", V12, true));
    assert_eq!(told.sentence, "share: both are pybind11 3.x with equal internals keys");
    for operation in ["same-internals", "exceptions", "inheritance", "conduit-a-to-b", "conduit-b-to-a"] {
        assert_eq!(verdict_of(&told, operation), Verdict::Share, "{operation}");
    }
    assert_eq!((told.fix.as_deref(), told.findings().len()), (None, 0));
}

#[test]
fn a_part_that_differs_is_marked_told_and_mended() {
    let told = check(&pybind11("a", "3.1.0", V12, true), &pybind11("b", "3.1.0", V12_OLD, true));
    assert_eq!(told.verdict, Verdict::Isolated);
    let differing: Vec<_> = told.keys[0].differing().map(|part| part.name.as_str()).collect();
    assert_eq!(differing, ["build-abi"]);
    assert_eq!(
        told.fix.as_deref(),
        Some("rebuild `b` with `-D_GLIBCXX_USE_CXX11_ABI=1`, as on manylinux_2_28")
    );
    assert_eq!(verdict_of(&told, "conduit-a-to-b"), Verdict::Isolated);
    let findings = told.findings();
    assert_eq!((findings[0].rule.as_str(), findings[0].files.len()), ("isolated-internals", 2));
}

#[test]
fn the_conduit_crosses_between_internals_of_one_platform() {
    let told = check(&pybind11("a", "3.0.4", V11, true), &pybind11("b", "3.1.0", V12, true));
    assert_eq!(told.verdict, Verdict::Isolated);
    assert!(told.sentence.ends_with("objects still cross by the conduit"), "{}", told.sentence);
    assert_eq!(
        (verdict_of(&told, "conduit-b-to-a"), verdict_of(&told, "exceptions")),
        (Verdict::Share, Verdict::Isolated)
    );
    assert_eq!(told.bridges.len(), 2);
    // What goes wrong without a word is said of the side on which it does.
    let why = |operation: &str| told.operation(operation).map_or("", |operation| &operation.why).to_owned();
    let (there, back) = (why("conduit-a-to-b"), why("conduit-b-to-a"));
    assert!(back.contains("a `std::shared_ptr` parameter of `a` is empty"), "{back}");
    assert!(back.contains("classes that `b` binds `module_local` answer nobody"), "{back}");
    assert!(!there.contains("shared_ptr") && !there.contains("module_local"), "{there}");
    let told = check(&pybind11("a", "3.0.4", V11, true), &pybind11("b", "3.1.0", V12, false));
    assert_eq!((verdict_of(&told, "conduit-a-to-b"), told.bridges.len()), (Verdict::Isolated, 0));
}

#[test]
fn equal_keys_for_two_pythons_never_meet() {
    let mut newer = pybind11("b", "3.1.0", V12, true);
    newer.python.version = sure("3.13".to_owned());
    let told = check(&pybind11("a", "3.1.0", V12, true), &newer);
    assert_eq!(told.sentence, "never loaded together: Python 3.12 in `a`, Python 3.13 in `b`");
    assert!(told.operations.is_empty() && told.bridges.is_empty());
}

#[test]
fn each_condition_of_a_process_can_keep_two_apart() {
    type Spoil = fn(&mut Module);
    let spoil: [(&str, Spoil); 7] = [
        ("os", |module| module.target.os = sure(Os::Android)),
        ("arch", |module| module.target.arch.name = "aarch64".to_owned()),
        ("bits", |module| module.target.arch.bits = 32),
        ("libc", |module| module.target.libc = sure(Libc { kind: LibcKind::Musl, floor: None })),
        ("implementation", |module| module.python.implementation = sure("pypy".to_owned())),
        ("python", |module| module.python.version = sure("3.11".to_owned())),
        ("gil", |module| module.python.free_threaded = sure(true)),
    ];
    for (name, spoil) in spoil {
        let (a, mut b) = (pybind11("a", "3.1.0", V12, true), pybind11("b", "3.1.0", V12, true));
        spoil(&mut b);
        let told = check(&a, &b);
        let unmet: Vec<_> = told.loadable.conditions.iter().filter(|part| part.met == Some(false)).collect();
        assert_eq!((told.verdict, unmet.len()), (Verdict::NeverLoadedTogether, 1), "{name}");
        assert_eq!(unmet[0].name, name);
        assert!(told.fix.is_some(), "{name}");
    }
}

#[test]
fn a_limited_module_meets_every_later_python_and_no_older_one() {
    let limited = |needed: &str, claimed: &str| {
        let mut limited = pybind11("b", "3.1.0", V12, true);
        limited.python.version = Claim::unknown("it is for several");
        limited.python.stable = Some(Stable {
            kind: StableKind::Abi3,
            claimed: sure(claimed.to_owned()),
            needed: sure(needed.to_owned()),
            exported: None,
            outside: Vec::new(),
        });
        check(&pybind11("a", "3.1.0", V12, true), &limited).verdict
    };
    assert_eq!(limited("3.9", "3.10"), Verdict::Share);
    assert_eq!(limited("3.13", "3.13"), Verdict::NeverLoadedTogether);
    // It would load, but nobody vouches for it.
    assert_eq!(limited("3.9", "3.13"), Verdict::Unknown);
}

#[test]
fn what_is_not_certain_makes_the_answer_unknown_with_the_reason() {
    let mut untagged = pybind11("b", "3.1.0", V12, true);
    untagged.python.version = Claim::unknown("nothing says which Python it is for");
    let told = check(&pybind11("a", "3.1.0", V12, true), &untagged);
    assert_eq!(told.verdict, Verdict::Unknown);
    assert!(told.sentence.ends_with("nothing says which Python it is for"), "{}", told.sentence);
    // That two don't share needs no certainty about meeting.
    let mut isolated = untagged.clone();
    isolated.frameworks = pybind11("b", "3.0.4", V11, true).frameworks;
    assert_eq!(check(&pybind11("a", "3.1.0", V12, true), &isolated).verdict, Verdict::Isolated);

    let mut likely = pybind11("b", "3.1.0", V12, true);
    likely.frameworks[0].present = Claim::likely(true, [], "half a text");
    assert_eq!(check(&pybind11("a", "3.1.0", V12, true), &likely).verdict, Verdict::Unknown);
}

#[test]
fn a_domain_is_part_of_the_key() {
    let (default, a) = (nanobind("x", TAG, in_domain("")), nanobind("y", TAG, in_domain("a")));
    let told = check(&default, &a);
    assert_eq!(told.sentence, "isolated: both are nanobind 3.x, but domain `a` differs from the default");
    assert_eq!(
        told.fix.as_deref(),
        Some("add `NB_DOMAIN a` to `nanobind_add_module` of `x`, or take it off `y`")
    );
    let same = check(&a, &nanobind("z", TAG, in_domain("a")));
    assert_eq!(same.sentence, "share: both are nanobind 3.x with equal tags, in the domain `a`");
    let unknown = check(&default, &nanobind("z", TAG, Claim::unknown("the jump at 0x10 can't be followed")));
    assert_eq!(unknown.verdict, Verdict::Unknown);
    assert!(unknown.sentence.contains("0x10"), "{}", unknown.sentence);
    assert_eq!(unknown.keys[0].same, None);
}

#[test]
fn a_front_end_is_judged_by_the_parts_it_has() {
    let front = |name: &str, domain: &str| {
        let mut front = nanobind(name, FRONT, in_domain(domain));
        front.frameworks[0].role = Role::FrontEnd;
        front
    };
    let asks = |name: &str, back_end: &str| {
        let mut front = front(name, "");
        front.frameworks[0].back_end = Some(sure(back_end.to_owned()));
        front
    };
    assert_eq!(check(&asks("x", "back"), &asks("y", "back")).verdict, Verdict::Share);
    assert_eq!(check(&asks("x", "back"), &asks("y", "other")).verdict, Verdict::Unknown);
    assert_eq!(check(&front("x", ""), &asks("y", "back")).verdict, Verdict::Unknown);
    assert_eq!(check(&front("x", ""), &nanobind("y", TAG, in_domain(""))).verdict, Verdict::Unknown);
    assert_eq!(check(&front("x", "a"), &nanobind("y", TAG, in_domain(""))).verdict, Verdict::Isolated);
    // Before 3 there was none, whatever its domain is.
    let (mut unread, before) = (front("x", ""), "v21_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1");
    unread.frameworks[0].domain = Some(Claim::unknown("the key isn't built in this file"));
    assert_eq!(check(&unread, &nanobind("y", before, in_domain(""))).verdict, Verdict::Isolated);
    assert_eq!(check(&unread, &nanobind("y", TAG, in_domain(""))).verdict, Verdict::Unknown);
    let old = TAG.replace("abi_1_a1", "abi_0_a1");
    assert_eq!(check(&front("x", ""), &nanobind("y", &old, in_domain(""))).verdict, Verdict::Isolated);
}

#[test]
fn frameworks_without_a_registry_are_isolated_by_design() {
    for (kind, way) in [
        (FrameworkKind::Pyo3, "interbind::module!"),
        (FrameworkKind::Cython, "cimport"),
        (FrameworkKind::Plain, "capsule"),
    ] {
        let told = check(&of_kind("a", kind), &of_kind("b", kind));
        assert_eq!(told.verdict, Verdict::Isolated, "{kind}");
        assert!(told.sentence.ends_with("has no registry across modules"), "{}", told.sentence);
        assert!(told.fix.as_deref().is_some_and(|fix| fix.contains(way)), "{:?}", told.fix);
        let findings = told.findings();
        assert_eq!((findings[0].rule.as_str(), findings[0].level), ("isolated-by-design", Level::Warning));
    }
}

#[test]
fn two_frameworks_are_isolated_with_the_ways_round_that_both_have() {
    let (mut a, mut b) = (pybind11("a", "3.1.0", V12, true), of_kind("b", FrameworkKind::Pyo3));
    a.python.protocols = vec![sure("arrow".to_owned()), sure("buffer".to_owned())];
    b.python.protocols = vec![Claim::likely("arrow".to_owned(), [], "a name alone")];
    let told = check(&a, &b);
    assert_eq!(told.sentence, "isolated: `a` is pybind11, `b` is PyO3: they don't know each other's types");
    let bridges: Vec<_> = told.bridges.iter().map(|bridge| bridge.name.as_str()).collect();
    assert_eq!(bridges, ["arrow"]);
    assert!(told.bridges[0].what.contains("likely"));
}

#[test]
fn modules_that_know_pymetabinds_registry_have_a_way_round_and_one_alone_has_none() {
    let (mut a, mut b) = (pybind11("a", "3.1.0", V12, true), of_kind("b", FrameworkKind::Pyo3));
    a.python.protocols = vec![Claim::likely("pymetabind".to_owned(), [], "a name alone")];
    assert_eq!(check(&a, &b).bridges, []);
    b.python.protocols = a.python.protocols.clone();
    let told = check(&a, &b);
    assert_eq!(told.verdict, Verdict::Isolated, "{}", told.sentence);
    let [bridge] = &told.bridges[..] else { panic!("{:?}", told.bridges) };
    assert_eq!((bridge.name.as_str(), bridge.direction.as_str()), ("pymetabind", "both"));
    assert!(bridge.what.contains("which no file tells (likely"), "{}", bridge.what);
}

/// A module of PyO3 with a build note.
fn noted(name: &str, roles: &str, descriptor: &str) -> Module {
    let platform =
        "os=linux arch=x86_64 bits=64 endian=little c=sysv python=cpython api=3.12 gil=on debug=no refs=no";
    let text = format!(
        "name={name}\nversion=1.0.0\ninterbind=0.1.0\npanic=unwind\ncompiler=rustc 1.85.0\nplatform={platform}\n{roles}"
    );
    let declared = roles.lines().filter_map(|role| {
        let (_, version) = role.split_once('=')?.1.split_once(' ')?;
        let name = descriptor.split(' ').nth(1)?;
        let version = version.trim_start_matches('^').to_owned();
        Some(DeclaredType { name: name.to_owned(), version, descriptor: descriptor.to_owned() })
    });
    let note = OurNote {
        module: text.lines().map(str::to_owned).collect(),
        types: vec![descriptor.to_owned()],
        declared: declared.collect(),
        ..OurNote::default()
    };
    Module { note: Some(note), ..of_kind(name, FrameworkKind::Pyo3) }
}

const POINT: &str = "data a.P size 16 align 8 { x: f64 @0; y: f64 @8 }";

#[test]
fn notes_share_what_one_provides_and_the_other_consumes() {
    let (provider, consumer) =
        (noted("p", "provides=a.P 1.2.0", POINT), noted("c", "consumes=a.P ^1.0.0", POINT));
    let told = check(&consumer, &provider);
    assert_eq!(told.sentence, "share: `c` takes a.P from `p`");
    assert_eq!(verdict_of(&told, "interbind-b-to-a"), Verdict::Share);
    assert!(told.operation("interbind-a-to-b").is_none());
}

#[test]
fn a_consumer_of_two_majors_of_one_type_shares_with_a_provider_of_either() {
    let consumer = noted("c", "consumes=a.P ^1.0.0\nconsumes=a.P ^2.0.0", POINT);
    for version in ["1.0.0", "2.0.0"] {
        let provider = noted("p", &format!("provides=a.P {version}"), POINT);
        assert_eq!(check(&provider, &consumer).sentence, "share: `c` takes a.P from `p`");
    }
}

#[test]
fn a_module_of_ours_without_a_note_may_share() {
    let mut silent = of_kind("c", FrameworkKind::Interbind);
    silent.note = None;
    let told = check(&noted("p", "provides=a.P 1.0.0", POINT), &silent);
    assert_eq!(told.verdict, Verdict::Unknown, "{}", told.sentence);
    assert!(told.sentence.contains("`c` has no build note"), "{}", told.sentence);
}

#[test]
fn what_a_consumer_refuses_is_an_error() {
    let provider = noted("p", "provides=a.P 2.0.0", POINT);
    let told = check(&provider, &noted("c", "consumes=a.P ^1.0.0", POINT));
    let findings = told.findings();
    assert_eq!((findings[0].rule.as_str(), findings[0].level), ("isolated-types", Level::Error));
    assert_eq!(told.fix.as_deref(), Some("upgrade or rebuild `c` for a.P 2.0.0"));
}

#[test]
fn a_note_says_which_python_a_file_without_a_tag_is_for() {
    let untagged = |mut module: Module| {
        module.python.version = Claim::unknown("its name doesn't say");
        module.python.free_threaded = Claim::unknown("its name doesn't say");
        module
    };
    let (provider, consumer) =
        (noted("p", "provides=a.P 1.2.0", POINT), noted("c", "consumes=a.P ^1.0.0", POINT));
    assert_eq!(check(&untagged(provider.clone()), &untagged(consumer.clone())).verdict, Verdict::Share);
    let mut newer = untagged(consumer);
    let note = newer.note.as_mut().expect("it is noted");
    note.module.iter_mut().for_each(|line| *line = line.replace("api=3.12", "api=3.13"));
    assert_eq!(check(&provider, &newer).verdict, Verdict::NeverLoadedTogether);
}

#[test]
fn a_note_is_judged_as_the_layer_judges() {
    let provider = noted("p", "provides=a.P 1.2.0", POINT);
    for (consumer, reason) in [
        (noted("c", "consumes=a.P ^2.0.0", POINT), "version-differs"),
        (noted("c", "consumes=a.P ^1.0.0", &POINT.replace("y: f64", "z: f64")), "layout-differs"),
    ] {
        let told = check(&provider, &consumer);
        assert_eq!(told.verdict, Verdict::Isolated, "{reason}");
        assert!(told.sentence.contains(reason), "{}", told.sentence);
        assert!(told.fix.is_some());
    }
    assert_eq!(check(&provider, &noted("c", "", POINT)).verdict, Verdict::Isolated);
    let silent = noted("c", "consumes=a.P ^1.0.0", "data a.Q size 0 align 1 { }");
    let told = check(&provider, &silent);
    assert_eq!(told.verdict, Verdict::Unknown, "C's note may lack the declaration: {}", told.sentence);
}

#[test]
fn more_than_two_are_checked_in_pairs_and_grouped() {
    let modules = [
        pybind11("a", "3.1.0", V12, true),
        pybind11("b", "3.0.4", V11, true),
        pybind11("c", "3.1.0", V12, true),
    ];
    let told = check_all(&modules);
    assert_eq!((told.schema.as_str(), told.pairs.len()), ("interbind-check/1", 3));
    let groups: Vec<_> = told.groups.iter().map(|group| group.members.len()).collect();
    assert_eq!(groups, [2, 1]);
}

#[test]
fn a_check_reads_back_from_its_json() {
    let told = check(&pybind11("a", "3.0.4", V11, true), &pybind11("b", "3.1.0", V12, true));
    let text = serde_json::to_string(&told).expect("plain data");
    assert!(text.contains("\"verdict\":\"isolated\""));
    assert_eq!(serde_json::from_str::<Check>(&text).expect("its own text"), told);
}

#[test]
fn ids_of_other_generations_line_up_by_the_names_of_their_parts() {
    let old = "__pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__";
    let told = check(&pybind11("a", "2.13.6", old, true), &pybind11("b", "3.1.0", V12, true));
    let names: Vec<_> = told.keys[0].parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names[..2], ["internals", "compiler"]);
    assert!(told.keys[0].differing().all(|part| part.a != part.b));
    assert_eq!(told.fix.as_deref(), Some("rebuild `a` with `pybind11==3.1.0`"));
}

#[test]
fn free_threaded_builds_on_both_sides_of_a_change_without_a_number_are_unknown() {
    let key = "__pybind11_internals_v5_gcc_libstdcpp_cxxabi1018__";
    let free_threaded = |name: &str, version: &str| {
        let mut found = pybind11(name, version, key, false);
        found.python.free_threaded = sure(true);
        found
    };
    let verdict = |a: &str, b: &str| check(&free_threaded("a", a), &free_threaded("b", b)).verdict;
    assert_eq!(verdict("2.13.1", "2.13.2"), Verdict::Unknown);
    assert_eq!(verdict("2.13.3", "2.13.2"), Verdict::Share);
}

#[test]
fn a_part_without_a_name_in_common_goes_behind_the_one_before_it() {
    let id = |text: &str, parts: &[(&str, &str)]| AbiId {
        text: text.to_owned(),
        kind: "tag".to_owned(),
        parts: parts
            .iter()
            .map(|(name, value)| Part { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect(),
        overridden: Vec::new(),
    };
    let (a, b) = (id("1", &[("x", "1"), ("z", "3")]), id("2", &[("x", "1"), ("y", "2"), ("z", "3")]));
    let key = crate::compare::align(FrameworkKind::Nanobind, "tag", Some(&a), Some(&b));
    let parts: Vec<_> = key.parts.iter().map(|part| (part.name.as_str(), part.same)).collect();
    assert_eq!(parts, [("x", Some(true)), ("y", Some(false)), ("z", Some(true))]);
}

#[test]
fn a_c_function_is_given_by_its_type_and_refused_in_the_order_of_the_check() {
    let noted = |c: &str| {
        let platform = format!(
            "os=linux arch=x86_64 bits=64 endian=little c={c} python=cpython api=3.13 gil=on debug=no refs=no"
        );
        let note = ModuleNote {
            name: "m".to_owned(),
            version: "1.0.0".to_owned(),
            interbind: "0.1.0".to_owned(),
            panic: "none".to_owned(),
            compiler: "gcc".to_owned(),
            runtime: None,
            platform: platform.parse().unwrap(),
            provides: vec![],
            consumes: vec![],
        };
        let lines = note.to_string().lines().map(str::to_owned).collect();
        Module { note: Some(OurNote { module: lines, ..OurNote::default() }), ..module("m") }
    };
    let (ours, other) = (noted("sysv"), noted("mingw"));
    let call = |provider: &Module, offered: &[&str]| {
        native_call(provider, &ours, offered, "double(double, const double)")
    };
    let refused = |reason| Some(NativeCall::Refused(reason));
    assert_eq!(call(&ours, &["int (int)", "double (double, double)"]), Some(NativeCall::Given));
    assert_eq!(call(&ours, &["int (int)", "double (double)"]), refused(Reason::SignatureDiffers));
    assert_eq!(call(&ours, &[]), refused(Reason::WrongObject));
    assert_eq!(call(&other, &["double (double)"]), refused(Reason::CAbi));
    assert_eq!(call(&other, &[]), refused(Reason::WrongObject));
    assert_eq!(call(&ours, &["double"]), Some(NativeCall::Unknown));
    assert_eq!(call(&module("m"), &["double (double, double)"]), None);
}

#[test]
fn an_adapter_leaves_open_what_crosses() {
    let mut ours = framework(FrameworkKind::Interbind, "0.1.0", None);
    let none = Module { frameworks: vec![ours.clone()], ..module("a") };
    ours.adapts = vec![sure(FrameworkKind::Pybind11)];
    let adapted =
        Module { frameworks: vec![framework(FrameworkKind::Pyo3, "0.29", None), ours], ..module("a") };
    let other = pybind11("b", "3.1.0", V12, true);
    assert_eq!(check(&none, &other).verdict, Verdict::Isolated);
    for told in [check(&adapted, &other), check(&other, &adapted)] {
        assert_eq!((told.verdict, told.fix.clone()), (Verdict::Unknown, None));
        assert!(told.sentence.contains("`a` has interbind's adapter for pybind11"), "{}", told.sentence);
    }
    assert_eq!(check(&adapted, &nanobind("b", TAG, in_domain("x"))).verdict, Verdict::Isolated);
}

#[test]
fn a_file_of_several_modules_has_the_roles_of_all() {
    let (one, two) = (noted("one", "provides=a.Q 1.0.0", POINT), noted("two", "provides=a.P 1.2.0", POINT));
    let (mut both, second) = (one.clone(), two.note.expect("it has one"));
    let note = both.note.as_mut().expect("it has one");
    note.module.extend(second.module);
    note.declared.extend(second.declared);
    assert_eq!(note.names().collect::<Vec<_>>(), ["one", "two"]);
    let consumer = noted("c", "consumes=a.P ^1.0.0", POINT);
    assert_eq!(check(&both, &consumer).sentence, "share: `c` takes a.P from `one`");
    assert_ne!(check(&one, &consumer).verdict, Verdict::Share);
}
