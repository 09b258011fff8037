//! Laws of recognition, on images whose bytes are written by hand.

use std::collections::BTreeSet;

use crate::binary::{Export, Image};
use crate::facts::{
    Arch, Claim, Confidence, Evidence, Format, Framework, FrameworkKind, Module, Role, Source,
};
use crate::scan::scan;
use crate::versions::TABLE;

use super::*;

const KEY_4: &str = "__pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__";
const KEY_11: &str = "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
const PLATFORM: &str = "system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1";

fn joined(texts: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    for text in texts {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes.extend([0; 64]);
    bytes
}

fn image<'a>(data: &'a [u8], exports: &[&'a str]) -> Image<'a> {
    let mut image =
        Image::new(data, Format::Elf, Arch { name: "x86_64".into(), bits: 64, little_endian: true });
    image.exports = exports.iter().map(|name| Export { name: (*name).into(), address: 0 }).collect();
    image
}

fn read(texts: &[&str]) -> Vec<Framework> {
    let data = joined(texts);
    let image = image(&data, &["PyInit_m"]);
    recognise(&image, &scan(&image))
}

/// The one framework there is.
fn only(texts: &[&str]) -> Framework {
    let mut found = read(texts);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn version(framework: &Framework) -> String {
    framework.version.to_string()
}

#[test]
fn fingerprints_are_few_and_each_is_its_own() {
    // The searcher's vector engine takes no more than 64.
    assert!(FINGERPRINTS.len() <= 64);
    let names: BTreeSet<_> = FINGERPRINTS.iter().map(|print| print.name).collect();
    let bytes: BTreeSet<_> = FINGERPRINTS.iter().map(|print| print.bytes).collect();
    assert_eq!((names.len(), bytes.len()), (FINGERPRINTS.len(), FINGERPRINTS.len()));
}

#[test]
fn each_mark_of_the_table_is_found_by_some_fingerprint() {
    for mark in TABLE.pybind11.marks.iter().chain(&TABLE.nanobind.marks) {
        assert!(releases::seed(mark).is_some(), "no fingerprint is in {:?}", mark.text);
    }
}

#[test]
fn a_mention_of_a_framework_is_no_proof_of_it() {
    let mentions = [
        "wraps pybind11 and nanobind: both are binding libraries",
        "the key __pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__ is looked up",
        "N8pybind116objectE",
        "pybind11::detail::get_internals",
        "compiled with Cython 3.1, see cython_runtime or _cython_3_1_4 for details",
        "pyo3_runtime.PanicException was raised",
        "/cargo/registry/src/index/pyo3-ffi-0.29.3/src/lib.rs",
        "Boost.Python.class is a class",
        "__mypyc is a suffix",
        "swig_runtime_data is a module",
        "nanobind_example_ext",
        "v1_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1",
    ];
    let found = only(&mentions);
    assert_eq!((found.kind, found.present.confidence), (FrameworkKind::Plain, Confidence::Likely));
}

#[test]
fn a_library_without_entry_point_or_trace_is_nothing() {
    let data = joined(&["hello"]);
    let image = image(&data, &["f"]);
    assert_eq!(recognise(&image, &scan(&image)), []);
}

#[test]
fn a_key_gives_the_releases_of_its_number_with_its_place() {
    let found = only(&["x", KEY_4]);
    assert_eq!(found.internals.as_ref().unwrap().value, Some(4));
    assert!(found.present.is_certain());
    assert_eq!(found.present.evidence[0], Evidence::bytes(66, KEY_4));
    assert_eq!(found.ids[0].value.as_ref().unwrap().text, KEY_4);
}

#[test]
fn a_text_that_is_there_narrows_for_certain() {
    let found = only(&[
        KEY_4,
        "get_internals: could not successfully initialize the tstate TSS key!",
        "PyType_Ready failed in make_object_base_type():",
        "Caught an unknown nested exception!",
    ]);
    assert_eq!((version(&found), found.version.is_certain()), ("2.9.1 – 2.9.2".into(), true));
}

#[test]
fn a_text_that_is_missing_makes_a_range_likely_and_the_certain_one_is_told() {
    let found = only(&[KEY_4, "get_internals: could not successfully initialize the TSS key!"]);
    assert!(found.version.is_certain());
    let found = only(&[
        KEY_4,
        "get_internals: could not successfully initialize the tstate TSS key!",
        "PyType_Ready failed in make_object_base_type():",
    ]);
    assert_eq!(
        (version(&found).as_str(), found.version.confidence),
        ("2.8.0 – 2.9.0 (likely)", Confidence::Likely)
    );
    let why = found.version.why.unwrap();
    assert!(why.contains("2.8.0 – 2.9.2"), "{why}");
}

#[test]
fn texts_of_other_releases_than_the_key_are_a_contradiction_and_not_certain() {
    let found = only(&[KEY_11, "get_internals: could not successfully initialize the TSS key!"]);
    assert_eq!(found.version.confidence, Confidence::Likely);
    assert!(version(&found).starts_with("3.0.0rc4 – 3.0.4"));
}

#[test]
fn two_numbers_in_one_file_are_two_statements() {
    let found = read(&[KEY_4, KEY_11]);
    let numbers: Vec<_> = found.iter().map(|f| f.internals.as_ref().unwrap().value).collect();
    assert_eq!(numbers, [Some(4), Some(11)]);
    assert!(found.iter().all(|f| f.version.is_certain()));
}

#[test]
fn a_number_that_no_release_wrote_has_no_version() {
    let found = only(&["__pybind11_internals_v7_gcc_libstdcpp_cxxabi1018__"]);
    assert_eq!(found.version.confidence, Confidence::Unknown);
    assert!(found.version.why.unwrap().contains("internals 7"));
}

#[test]
fn a_key_that_names_a_compiler_is_of_no_release_that_names_none() {
    assert_eq!(
        only(&["__pybind11_internals_v3_gcc_libstdcpp_cxxabi1011__"]).version.value.unwrap().lowest,
        "2.4.0"
    );
    assert!(only(&["__pybind11_internals_v3__"]).version.value.unwrap().highest.unwrap() == "2.3.0");
}

#[test]
fn the_conduit_compares_the_platform_as_the_file_writes_it() {
    let platform = |texts: &[&str]| {
        let conduit = only(texts).conduit.unwrap();
        (conduit.value.as_ref().map(|c| c.present), conduit.value.and_then(|c| c.platform))
    };
    let method = "_pybind11_conduit_v1_";
    assert_eq!(platform(&[KEY_11, method]), (Some(true), Some(PLATFORM.into())));
    assert_eq!(platform(&[KEY_4, method]), (Some(true), Some("_gcc_libstdcpp_cxxabi1018".into())));
    assert_eq!(platform(&[KEY_4]), (Some(false), None));
    let torch = "__pybind11_internals_v11_gcc_libstdcpp_cxxabi1011__";
    let record = "pybind11_builtins.pybind11_detail_function_record_v1__gcc_libstdcpp_cxxabi1011";
    assert_eq!(platform(&[torch, method, record]), (Some(true), Some("_gcc_libstdcpp_cxxabi1011".into())));
    assert_eq!(platform(&[torch, method]), (Some(true), Some("_gcc_libstdcpp_cxxabi1011".into())));
}

#[test]
fn a_function_record_tells_3_0_0_from_its_successors() {
    let bare = format!("pybind11_detail_function_record_v1_{PLATFORM}");
    assert_eq!(version(&only(&[KEY_11, &bare])), "3.0.0rc4 – 3.0.0");
    let qualified = format!("pybind11_builtins.{bare}");
    assert!(version(&only(&[KEY_11, &bare, &qualified])).starts_with("3.0.1"));
    assert!(version(&only(&[KEY_11, &qualified])).starts_with("3.0.1"));
}

#[test]
fn a_key_with_something_behind_its_end_is_still_the_key() {
    let stored = format!("{KEY_11}_call_once_storage__");
    let found = only(&[&stored]);
    assert_eq!(found.ids[0].value.as_ref().unwrap().text, KEY_11);
}

#[test]
fn a_reader_is_warned_of_weak_and_odd_ids() {
    let warnings = |key: &str| only(&[key]).warnings.join("; ");
    assert!(warnings("__pybind11_internals_v4_msvc__").contains("no compiler version"));
    assert!(warnings("__pybind11_internals_v11_msvc_mt_mscver1944__").contains("/MT"));
    assert!(warnings(&KEY_11.replace("abi_1__", "abi_0__")).contains("old ABI"));
    assert!(
        warnings("__pybind11_internals_v11_gcc_libstdcpp_cxxabi1011__")
            .contains("compiler, stdlib, build-abi")
    );
    assert_eq!(warnings(KEY_11), "");
    assert!(version(&only(&["__pybind11_internals_v4_msvc__"])).ends_with("2.11.2"));
}

#[test]
fn nanobind_is_known_by_its_tag_and_its_domain_is_not() {
    let found = only(&[&format!("v20_{PLATFORM}_stable"), "__nb_internals_%s_%s__"]);
    assert_eq!(
        (found.kind, found.role, version(&found).as_str()),
        (FrameworkKind::Nanobind, Role::Whole, "2.13.0 – 2.14.0")
    );
    let domain = found.domain.unwrap();
    assert_eq!((domain.value, domain.confidence), (None, Confidence::Unknown));
    let snapshot = only(&[&format!("v17_dev3_{PLATFORM}")]);
    assert_eq!(snapshot.version.confidence, Confidence::Likely);
    assert!(snapshot.warnings[0].contains("snapshot"));
}

#[test]
fn a_tag_behind_printable_constants_is_found() {
    let found = only(&["M;v20_system_libcpp_abi1", "__nb_internals_%s_%s__"]);
    assert_eq!(found.ids[0].value.as_ref().unwrap().text, "v20_system_libcpp_abi1");
    assert_eq!(found.ids[0].evidence[0].offset, Some(66));
}

#[test]
fn nanobind_3_is_a_front_end_a_back_end_or_both() {
    let front = format!("nanobind_{PLATFORM}");
    let key = format!("{front}_a1_v22");
    let found = only(&[&front]);
    assert_eq!((found.role, found.internals.unwrap().value), (Role::FrontEnd, None));
    assert_eq!(found.version.value.unwrap().to_string(), "≥ 3.0.0");
    let found = only(&[&front, &key, "Fill a split-mode extension's function table"]);
    assert_eq!((found.role, found.internals.unwrap().value), (Role::BackEnd, Some(22)));
    let found = only(&[&key, "nanobind types do not support multiple inheritance!"]);
    assert_eq!((found.role, version(&found).as_str()), (Role::Whole, "3.0.0 – 3.0.1"));
    let dev = format!("nanobind_3_0_0_dev4_{PLATFORM}_a1_v22");
    assert_eq!(version(&only(&[&dev])), "3.0.0.dev4");
}

#[test]
fn a_key_of_nanobind_1_has_the_default_domain() {
    let found = only(&["__nb_internals_v7_gcc_libstdcpp_cxxabi1017_limited__"]);
    assert_eq!(found.domain.unwrap().value.unwrap().name, "");
    assert_eq!(found.internals.unwrap().value, Some(7));
}

#[test]
fn pyo3_has_a_release_only_where_a_path_has_it() {
    let path = "/cargo/registry/src/index.crates.io-6f17d22bba15001f/pyo3-0.22.2/src/err/mod.rs/rustc/";
    assert_eq!(version(&only(&[path])), "0.22.2");
    assert_eq!(version(&only(&["C:\\cargo\\registry\\pyo3-0.21.0-beta.0\\src\\gil.rs"])), "unknown");
    assert_eq!(version(&only(&["C:\\cargo\\registry\\pyo3-0.21.1\\src\\gil.rs"])), "0.21.1");
    let remapped = only(&["pyo3_runtime.PanicException"]);
    assert_eq!((remapped.kind, remapped.version.confidence), (FrameworkKind::Pyo3, Confidence::Unknown));
    let checkout = only(&["/git/checkouts/pyo3-2b8b8f5a0c8b1f4e/1a2b3c4/src/gil.rs"]);
    assert!(checkout.present.is_certain() && checkout.version.value.is_none());
    let both = only(&["/pyo3-0.22.2/src/gil.rs", "/pyo3-0.23.0/src/gil.rs"]);
    assert!(both.version.why.unwrap().contains("0.23.0"));
}

#[test]
fn others_are_known_by_what_their_code_leaves() {
    let cases = [
        ("_cython_3_1_4.cython_function_or_method", FrameworkKind::Cython, "3.1.4"),
        ("_cython_0_29_36", FrameworkKind::Cython, "0.29.36"),
        ("_cython_3_2_0b1limitednofinalize", FrameworkKind::Cython, "3.2.0b1"),
        ("_cython_3_1_0amsendbackport", FrameworkKind::Cython, "3.1.0"),
        ("cython_runtime", FrameworkKind::Cython, "≥ 0.26"),
        ("__pyx_vtable__", FrameworkKind::Cython, "unknown"),
        ("swig_runtime_data5.type_pointer_capsule", FrameworkKind::Swig, "≥ 4.4.0"),
        ("Boost.Python.function", FrameworkKind::BoostPython, "unknown"),
        ("_init_cffi_1_0_external_module", FrameworkKind::Cffi, "unknown"),
        (
            "This module 'm' is auto-generated with f2py (version:2.5.2).\nFunctions:",
            FrameworkKind::F2py,
            "2.5.2",
        ),
        ("This module 'm' is auto-generated with f2py (version:2).\n", FrameworkKind::F2py, "unknown"),
        ("85cae5375ceb5d1ca6c6__mypyc.init_black", FrameworkKind::Mypyc, "unknown"),
        ("85cae5375ceb5d1ca6c6__mypyc.exec_black", FrameworkKind::Mypyc, "unknown"),
        ("__interbind_internals_v1__", FrameworkKind::Interbind, "unknown"),
        ("interbind.function_1_0_linux_x86_64_64_little_sysv", FrameworkKind::Interbind, "unknown"),
    ];
    for (text, kind, release) in cases {
        let found = only(&[text]);
        assert_eq!(
            (found.kind, version(&found).as_str(), found.present.is_certain()),
            (kind, release, true),
            "{text}"
        );
    }
    let old = only(&["swig_runtime_data4"]);
    assert_eq!((old.internals.unwrap().value, old.version.confidence), (Some(4), Confidence::Likely));
}

#[test]
fn symbols_and_libraries_tell_without_a_text() {
    let data = joined(&[]);
    let kinds = |exports: &[&'static str], imports: &[&'static str], needed: &[&str]| {
        let mut image = image(&data, exports);
        image.imports = imports.to_vec();
        image.needed = needed.iter().map(|n| (*n).to_owned()).collect();
        recognise(&image, &scan(&image))
            .into_iter()
            .map(|f| (f.kind, f.version.to_string()))
            .collect::<Vec<_>>()
    };
    let found = kinds(
        &["PyInit_m"],
        &["_ZN5boost6python6detail11init_moduleE"],
        &["libboost_python312-ed6a74e7.so.1.85.0"],
    );
    assert_eq!(found, [(FrameworkKind::BoostPython, "1.85.0".into())]);
    let found = kinds(&["PyInit_m"], &[], &["boost_python311-vc143-mt-x64-1_83.dll"]);
    assert_eq!(found, [(FrameworkKind::BoostPython, "1.83".into())]);
    let unknown = |kind| [(kind, "unknown".to_owned())];
    assert_eq!(kinds(&["HPyInit_m"], &[], &[]), unknown(FrameworkKind::Hpy));
    assert_eq!(kinds(&["_cffi_pypyinit__m"], &[], &[]), unknown(FrameworkKind::Cffi));
    assert_eq!(kinds(&["CPyDef_f", "PyInit_m"], &[], &[]), unknown(FrameworkKind::Mypyc));
    let found = kinds(&["PyInit_m"], &["_ZN8nanobind6detail11nb_type_newE"], &["libnanobind.so"]);
    assert_eq!(found, unknown(FrameworkKind::Nanobind));
    assert_eq!(kinds(&["PyModExport_m"], &[], &[]), unknown(FrameworkKind::Plain));
    assert_eq!(kinds(&["f"], &[], &[]), []);
}

#[test]
fn code_that_calls_a_cython_module_is_not_made_with_cython() {
    let texts = ["__pyx_capi__", "No function '%s' found in __pyx_capi__ of '%s'"];
    assert_eq!(only(&texts).kind, FrameworkKind::Plain);
}

#[test]
fn one_file_can_hold_several_frameworks() {
    let found = read(&["/pyo3-0.29.2/src/gil.rs", "_init_cffi_1_0_external_module", "_cython_3_0_8"]);
    let kinds: Vec<_> = found.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FrameworkKind::Pyo3, FrameworkKind::Cython, FrameworkKind::Cffi]);
}

#[test]
fn cffis_own_run_time_is_no_module_made_with_it() {
    let data = joined(&["_init_cffi_1_0_external_module"]);
    let image = image(&data, &["PyInit__cffi_backend"]);
    let found = recognise(&image, &scan(&image));
    assert_eq!(found.iter().map(|f| f.kind).collect::<Vec<_>>(), [FrameworkKind::Plain]);
}

#[test]
fn any_cut_of_any_text_is_read_without_a_panic() {
    let texts =
        [KEY_4, KEY_11, "nanobind_system_libcpp_abi1_a1_v22", "/pyo3-0.2", "_cython_3_", "f2py (version:"];
    let data = joined(&texts);
    for end in 0..data.len() {
        let image = image(&data[..end], &["PyInit_m"]);
        assert!(!recognise(&image, &scan(&image)).is_empty());
    }
}

#[test]
fn a_library_beside_a_module_tells_what_the_module_cannot() {
    use crate::inspect::{Options, inspect_bytes};
    // Any module will do to have the other fields; only the frameworks matter here.
    let mut module = inspect_bytes("m.so", ELF, &Options::default()).0.remove(0);
    module.member = Some("p/m.so".into());
    module.path = "p.whl".into();
    module.needed = vec!["libshared-1a2b.so".into()];
    module.extension = true;
    let mut library = module.clone();
    library.member = Some("p.libs/libshared-1a2b.so".into());
    library.extension = false;
    library.needed.clear();
    library.frameworks = read(&[&format!("v20_{PLATFORM}"), "__nb_internals_%s_%s__"]);
    module.frameworks = read(&[]);
    let stranger = Module { path: "other.whl".into(), ..module.clone() };
    let mut modules = [module, library, stranger];
    add_needed(&mut modules);
    let found = &modules[0].frameworks[0];
    assert_eq!((found.kind, found.role), (FrameworkKind::Nanobind, Role::FrontEnd));
    assert_eq!(found.present.confidence, Confidence::Likely);
    assert!(found.version.evidence.iter().any(|e| e.file.as_deref() == Some("p.libs/libshared-1a2b.so")));
    assert_eq!(modules[2].frameworks[0].kind, FrameworkKind::Plain, "another wheel's library is not asked");
}

#[test]
fn a_free_threaded_module_whose_tag_says_nothing_is_warned_of() {
    let mut frameworks = read(&[&format!("v20_{PLATFORM}"), "__nb_internals_%s_%s__"]);
    let mut python =
        crate::inspect::inspect_bytes("m.so", ELF, &crate::inspect::Options::default()).0.remove(0).python;
    python.free_threaded = Claim::certain(true, [Evidence::new(Source::FileName, "cpython-314t")]);
    warn_of_python(&mut frameworks, &python);
    assert!(frameworks[0].warnings[0].contains("_ft"));
    python.free_threaded = Claim::certain(false, []);
    let mut frameworks = read(&[&format!("v20_{PLATFORM}"), "__nb_internals_%s_%s__"]);
    warn_of_python(&mut frameworks, &python);
    assert!(frameworks[0].warnings.is_empty());
}

/// An ELF header without sections or segments: the smallest file that is read as a module.
const ELF: &[u8] = &{
    let mut header = [0u8; 64];
    let start = [0x7f, b'E', b'L', b'F', 2, 1, 1];
    let mut i = 0;
    while i < start.len() {
        header[i] = start[i];
        i += 1;
    }
    header[16] = 3;
    header[18] = 62;
    header[20] = 1;
    header[52] = 64;
    header[54] = 56;
    header[58] = 64;
    header
};

#[test]
fn vtks_wrappers_are_known_by_the_library_that_holds_their_classes() {
    let data = joined(&["x"]);
    let mut module = image(&data, &["PyInit_vtkCommonCore"]);
    module.imports = vec!["PyVTKClass_Add", "_ZN13vtkPythonUtil20AddModuleToMapEPKcS1_"];
    module.needed = vec!["libvtkWrappingPythonCore3.11-9.5.so".to_owned(), "libc.so.6".to_owned()];
    let found = recognise(&module, &scan(&module));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].role), (FrameworkKind::Vtk, Role::FrontEnd));
    assert!(found[0].present.is_certain());
    // The library itself.
    let mut library = image(&data, &["PyVTKClass_Add", "PyVTKObject_New"]);
    library.linking.own_name = Some("libvtkWrappingPythonCore3.11-9.5.so".to_owned());
    let found = recognise(&library, &scan(&library));
    assert_eq!(
        found.iter().map(|found| (found.kind, found.role)).collect::<Vec<_>>(),
        [(FrameworkKind::Vtk, Role::BackEnd)]
    );
    // VTK without its wrappers has no classes of Python's.
    let mut other = image(&data, &["f"]);
    other.needed = vec!["libvtkCommonCore-9.5.so".to_owned()];
    assert_eq!(recognise(&other, &scan(&other)), []);
}

#[test]
fn pyobjc_is_known_by_the_capsule_that_its_modules_ask_for() {
    let found = only(&["objc.__C_API__"]);
    assert_eq!(found.kind, FrameworkKind::PyObjC);
    assert!(found.present.is_certain());
    assert_eq!(found.ids[0].value.as_ref().map(|id| id.text.as_str()), Some("objc.__C_API__"));
}

/// What a module with these symbols is made with.
fn with_symbols(texts: &[&str], exports: &[&str], imports: &[&str], needed: &[&str]) -> Vec<Framework> {
    let data = joined(texts);
    let mut image = image(&data, exports);
    image.imports = imports.iter().map(|name| &**name).collect();
    image.needed = needed.iter().map(|name| (*name).to_owned()).collect();
    recognise(&image, &scan(&image))
}

#[test]
fn cppyy_is_known_by_the_functions_of_its_library() {
    let user =
        with_symbols(&[], &["PyInit_m"], &["_ZN8CPyCppyy11Instance_FromEPv"], &["libCPyCppyy.so.6.34"]);
    assert_eq!((user[0].kind, user[0].role), (FrameworkKind::Cppyy, Role::FrontEnd));
    let rename = |name: &str| with_symbols(&[], &["PyInit_m"], &[name], &[])[0].kind;
    assert_eq!(rename("?Instance_From@CPyCppyy@@YAPEAU_object@@XZ"), FrameworkKind::Cppyy);
    assert_eq!(rename("_ZN9MyCppyyAB3runEv"), FrameworkKind::Plain);
}

#[test]
fn gopy_is_known_by_its_functions_and_its_package() {
    let exports = ["PyInit__hi", "GoPyInit", "DecRef", "IncRef", "NumHandles"];
    let whole = with_symbols(&["github.com/go-python/gopy/gopyh.VarFromHandleTry"], &exports, &[], &[]);
    assert_eq!((whole.len(), whole[0].kind), (1, FrameworkKind::Gopy));
    assert!(whole[0].present.is_certain());
    // The library of Go's code apart, and the module in C that asks it.
    let apart = with_symbols(&[], &["PyInit__hi"], &["GoPyInit"], &["hi_go.so"]);
    assert_eq!(apart[0].kind, FrameworkKind::Gopy);
    let other = with_symbols(&["gopy: nil handle"], &["PyInit_m", "IncRef", "DecRef"], &[], &[]);
    assert_eq!(other[0].kind, FrameworkKind::Plain);
}

#[test]
fn binders_with_a_library_of_their_own_are_known_by_what_they_ask_of_it() {
    for (symbol, library, kind) in [
        ("_ZN8Shiboken10ObjectType13isUserTypeE", "libshiboken6.abi3.so.6.9", FrameworkKind::Shiboken),
        ("PyVTKAddFile_vtkCommonCore", "libvtkWrappingPythonCore3.12.so", FrameworkKind::Vtk),
        ("_ZN5Cppyy8GetScopeERKSs", "libcppyy_backend.so", FrameworkKind::Cppyy),
    ] {
        let found = with_symbols(&[], &["PyInit_m"], &[symbol], &[library]);
        assert_eq!(found[0].kind, kind, "{symbol}");
    }
}

#[test]
fn an_adapter_for_pybind11_is_no_pybind11() {
    const LOADER: &str = "__pybind11_module_local_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
    let note = "__interbind_internals_v1__";
    let refusal = "pybind11 refuses to give the object's value";
    let answer = "_pybind11_conduit_v1_ knows no kind of pointer but raw_pointer_ephemeral";
    for (texts, adapts) in [
        (&[note, "__pybind11_module_local_v12_%s__"][..], &[][..]),
        (&[note, LOADER, "_pybind11_conduit_v1_", answer, refusal], &[FrameworkKind::Pybind11]),
        (&[note, "__interbind_nanobind_%p__", "__nb_internals_"], &[FrameworkKind::Nanobind]),
    ] {
        let found = only(texts);
        assert_eq!(found.kind, FrameworkKind::Interbind, "{texts:?}");
        let told: Vec<_> = found.adapts.iter().filter_map(|claim| claim.value).collect();
        assert_eq!(told, adapts, "{texts:?}");
    }
    // pybind11's own module has both keys.
    let found = only(&[&KEY_11.replace("v11", "v12"), LOADER]);
    assert_eq!((found.kind, found.ids.len()), (FrameworkKind::Pybind11, 2));
}
