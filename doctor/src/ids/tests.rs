//! Laws of the grammars, on ids that releases write and on any text.

use proptest::prelude::*;

use super::*;

const LINUX: &str = "system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1";

fn parts(id: &Id) -> Vec<(&str, &str)> {
    id.parts().collect()
}

#[test]
fn a_key_of_pybind11_3_is_cut_into_compiler_library_and_abi() {
    let id = parse(&format!("__pybind11_internals_v11_{LINUX}__")).unwrap();
    let expected = [
        ("internals", "11"),
        ("compiler", "system"),
        ("stdlib", "libstdcpp"),
        ("build-abi", "gxx_abi_1xxx_use_cxx11_abi_1"),
        ("debug", ""),
    ];
    assert_eq!(parts(&id), expected);
    assert!(id.overridden().is_empty());
}

#[test]
fn a_key_with_parts_set_by_hand_names_them() {
    let id = parse("__pybind11_internals_v11_gcc_libstdcpp_cxxabi1011__").unwrap();
    assert_eq!(id.overridden(), ["compiler", "stdlib", "build-abi"]);
    assert_eq!(parse("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__").unwrap().overridden(), [""; 0]);
    assert_eq!(
        parse("__pybind11_internals_v4_mine_libstdcpp_cxxabi1011__").unwrap().overridden(),
        ["compiler"]
    );
    assert_eq!(parse("__pybind11_internals_v11_system_md_mscver19__").unwrap().overridden(), [""; 0]);
}

#[test]
fn what_no_grammar_knows_is_an_opaque_part() {
    let id = parse("__pybind11_internals_v4_my own text__").unwrap();
    assert_eq!(parts(&id)[1], ("opaque", "my own text"));
    assert_eq!(id.overridden(), ["opaque"]);
    assert_eq!(parse("__nb_internals_what_ever__").unwrap().part("opaque"), "what_ever");
}

#[test]
fn keys_before_compilers_were_named_lack_nothing() {
    for text in ["__pybind11_internals_v1__", "__pybind11_internals_v2_without_thread__", "__pybind11_2_1__"]
    {
        let id = parse(text).unwrap();
        assert!(id.overridden().is_empty(), "{text}");
        assert_eq!(id.to_string(), text);
    }
    assert_eq!(parse("__pybind11_internals_v3_debug__").unwrap().part("debug"), "debug");
}

#[test]
fn msvc_says_how_its_runtime_is_linked_only_since_3() {
    let parts_of = |text: &str| {
        let id = parse(text).unwrap();
        assert!(id.overridden().is_empty(), "{text}");
        (id.part("compiler").to_owned(), id.part("build-abi").to_owned())
    };
    assert_eq!(parts_of("__pybind11_internals_v4_msvc__"), ("msvc".into(), "".into()));
    assert_eq!(parts_of("__pybind11_internals_v5_msvc_mscver1938__"), ("msvc".into(), "mscver1938".into()));
    assert_eq!(
        parts_of("__pybind11_internals_v11_msvc_md_mscver19__"),
        ("msvc".into(), "md_mscver19".into())
    );
    assert_eq!(
        parts_of("__pybind11_internals_v11_msvc_mt_mscver1944_debug__"),
        ("msvc".into(), "mt_mscver1944".into())
    );
}

#[test]
fn a_module_local_key_may_end_in_an_address() {
    let id = parse(&format!("__pybind11_module_local_v11_{LINUX}__140234")).unwrap();
    assert_eq!((id.kind, id.part("address")), (IdKind::Pybind11ModuleLocal, "140234"));
    assert_eq!(parse(&format!("__pybind11_module_local_v11_{LINUX}__")).unwrap().part("address"), "");
}

#[test]
fn a_function_record_has_a_platform_with_or_without_the_module() {
    for text in
        ["pybind11_detail_function_record_v1_", "pybind11_builtins.pybind11_detail_function_record_v1_"]
    {
        let id = parse(&format!("{text}{LINUX}")).unwrap();
        assert_eq!((id.part("record"), id.part("compiler")), ("1", "system"));
    }
}

#[test]
fn nanobind_tags_of_each_generation_are_known() {
    let cases = [
        ("v15_gcc_libstdcpp_cxxabi1018_debug_stable_ft", "15", "gcc", "stable", "ft"),
        ("v14_clang_libcpp_dev1_cxxabi1002", "14", "clang", "", ""),
        ("v17_dev2_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable", "17", "system", "stable", ""),
        ("v10_msvc", "10", "msvc", "", ""),
        ("v21_msvc_md_mscver19_ft", "21", "msvc", "", "ft"),
        ("nanobind_system_libcpp_abi1_ft_a1_v22", "22", "system", "", "ft"),
        (
            "nanobind_3_0_0_dev4_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_a1_v22_stable",
            "22",
            "system",
            "stable",
            "",
        ),
    ];
    for (text, number, compiler, stable, ft) in cases {
        let id = parse(text).unwrap();
        let found = (id.part("internals"), id.part("compiler"), id.part("stable"), id.part("free-threaded"));
        assert_eq!((id.kind, found), (IdKind::NanobindTag, (number, compiler, stable, ft)), "{text}");
        assert!(id.overridden().is_empty(), "{text}");
    }
    let front = parse("nanobind_msvc_mt_mscver1944_debug_ft").unwrap();
    assert_eq!((front.kind, front.number()), (IdKind::NanobindPlatform, None));
}

#[test]
fn a_domain_is_what_the_tag_leaves() {
    let domain = |text: &str| parse(text).unwrap().part("domain").to_owned();
    assert_eq!(domain("__nb_internals_v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_mlx__"), "mlx");
    assert_eq!(domain("__nb_internals_v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable___"), "");
    assert_eq!(domain("__nb_internals_v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_my_own__"), "my_own");
    assert_eq!(domain("__nb_internals_nanobind_system_libcpp_abi1_a1_v22_jax__"), "jax");
    assert_eq!(domain("__nb_internals_v7_gcc_libstdcpp_cxxabi1017_limited__"), "");
    assert_eq!(
        parse("__nb_internals_v7_gcc_libstdcpp_cxxabi1017_limited__").unwrap().part("limited"),
        "limited"
    );
}

#[test]
fn texts_that_only_begin_like_an_id_are_none() {
    for text in
        ["", "v12", "version", "v1_0", "nanobind", "nanobind_", "__pybind11_internals_v", "system", "gcc"]
    {
        assert_eq!(parse(text), None, "{text}");
    }
    assert_eq!(parse("__pybind11_internals_v99999999999__"), None);
    assert_eq!(parse("__interbind_internals_v1__").unwrap().number(), Some(1));
}

fn old_toolchain() -> impl Strategy<Value = (String, String, String)> {
    let compiler =
        prop::sample::select(vec!["msvc", "icc", "clang", "pgi", "mingw", "gcc_cygwin", "gcc", "unknown"]);
    let abi = prop_oneof![Just(String::new()), (1002..2000u32).prop_map(|n| format!("cxxabi{n}"))];
    (compiler, prop::sample::select(vec!["", "libcpp", "libstdcpp"]), abi)
        .prop_map(|(c, s, a)| (c.into(), s.into(), a))
}

fn new_toolchain() -> impl Strategy<Value = (String, String, String)> {
    let compiler = prop::sample::select(vec!["mingw", "gcc_cygwin", "msvc", "system"]);
    let library = prop_oneof![
        (0..2u32).prop_map(|n| ("libstdcpp".to_owned(), format!("gxx_abi_1xxx_use_cxx11_abi_{n}"))),
        (1..3u32).prop_map(|n| ("libcpp".to_owned(), format!("abi{n}"))),
        Just((String::new(), "md_mscver19".to_owned())),
        (1900..1999u32).prop_map(|n| (String::new(), format!("mt_mscver{n}"))),
        Just((String::new(), "none_mscver19".to_owned())),
    ];
    (compiler, library).prop_map(|(c, (s, a))| (c.to_owned(), s, a))
}

fn under(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("_{text}") }
}

proptest! {
    #[test]
    fn any_text_that_is_read_prints_back_as_it_was(text in "\\PC{0,60}") {
        if let Some(id) = parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn any_middle_of_a_key_prints_back_as_it_was(
        prefix in prop::sample::select(vec![
            "__pybind11_internals_v4", "__pybind11_internals_v11", "__pybind11_module_local_v5", "__nb_internals_v15",
            "__nb_internals_", "__nb_internals_v7", "nanobind_", "v16", "pybind11_detail_function_record_v1", "__pybind11_2_",
        ]),
        words in prop::collection::vec(prop::sample::select(vec![
            "_", "_gcc", "_libstdcpp", "_libcpp", "_abi1", "_cxxabi1018", "_debug", "_stable", "_ft", "_dev2", "_a1", "_v22",
            "system", "_system", "_md_mscver19", "_gxx_abi_1xxx_use_cxx11_abi_1", "é", "3_0_0_dev4", "_without_thread", "7",
            "_limited", "__",
        ]), 0..9),
        suffix in prop::sample::select(vec!["", "__", "___"]),
    ) {
        let text = format!("{prefix}{}{suffix}", words.concat());
        if let Some(id) = parse(&text) {
            prop_assert_eq!(&id.to_string(), &text);
            let joined: usize = id.parts().map(|(_, value)| value.len()).sum();
            prop_assert!(joined <= text.len());
        }
    }

    #[test]
    fn a_key_made_of_parts_is_read_into_them(
        (number, (compiler, stdlib, abi)) in prop_oneof![(4..9u32, old_toolchain()), (9..99u32, new_toolchain())],
        debug in prop::sample::select(vec!["", "debug"]),
        local: bool,
    ) {
        let name = if local { "module_local" } else { "internals" };
        let platform = [&compiler, &stdlib, &abi, debug].map(under).concat();
        let id = parse(&format!("__pybind11_{name}_v{number}{platform}__")).unwrap();
        let read = (id.number(), id.part("compiler"), id.part("stdlib"), id.part("build-abi"), id.part("debug"));
        prop_assert_eq!(read, (Some(number), &*compiler, &*stdlib, &*abi, debug));
        if number >= 9 {
            prop_assert!(id.overridden().is_empty());
            let alone = parse(&platform[1..]).unwrap();
            prop_assert_eq!(alone.kind, IdKind::Pybind11Platform);
            prop_assert_eq!(alone.part("build-abi"), &abi);
        }
    }

    #[test]
    fn a_nanobind_key_made_of_parts_is_read_into_them(
        (number, (compiler, stdlib, abi)) in prop_oneof![(9..16u32, old_toolchain()), (16..22u32, new_toolchain())],
        stable in prop::sample::select(vec!["", "stable"]),
        ft in prop::sample::select(vec!["", "ft"]),
        domain in "([a-eg-z][a-z0-9]{0,6}(_[a-eg-ru-z][a-z]{0,4})?)?",
    ) {
        let tag = format!("v{number}{}", [&compiler, &stdlib, &abi, stable, ft].map(under).concat());
        let id = parse(&tag).unwrap();
        prop_assert_eq!((id.number(), id.part("stable"), id.part("free-threaded")), (Some(number), stable, ft));
        prop_assert!(id.overridden().is_empty());
        let key = parse(&format!("__nb_internals_{tag}_{domain}__")).unwrap();
        // A domain that reads like the tag's next part is one, as far as the text tells.
        if !["stable", "debug", "libcpp", "libstdcpp"].iter().any(|w| domain.starts_with(w)) {
            prop_assert_eq!((key.part("domain"), key.part("compiler")), (&*domain, &*compiler));
        }
    }

    #[test]
    fn a_tag_of_nanobind_3_made_of_parts_is_read_into_them(
        (compiler, stdlib, abi) in new_toolchain(),
        dev in prop::option::of(1..9u32),
        ft in prop::sample::select(vec!["", "ft"]),
        back in prop::option::of((1..5u32, 22..40u32, prop::sample::select(vec!["", "stable"]))),
    ) {
        let release = dev.map_or(String::new(), |n| format!("_3_0_0_dev{n}"));
        let front = format!("nanobind{release}{}", [&*compiler, &stdlib, &abi, ft].map(under).concat());
        let tail = back.map_or(String::new(), |(a, v, stable)| format!("_a{a}_v{v}{}", under(stable)));
        let id = parse(&format!("{front}{tail}")).unwrap();
        prop_assert_eq!(id.number(), back.map(|(_, v, _)| v));
        prop_assert_eq!((id.part("compiler"), id.part("build-abi"), id.part("free-threaded")), (&*compiler, &*abi, ft));
        prop_assert_eq!(id.part("dev"), release.trim_start_matches('_'));
        prop_assert!(id.overridden().is_empty());
    }
}
