/* What this build is, as text: the platform that others hold against theirs, the compiler, and in C++ its ABI.
 *
 * Used by owner records and by the first step of the check; texts are put together by the preprocessor, in the canonical
 * form of the spec's chapters on platform text and native types. Needs Python's headers for the API that is built
 * against, and nothing else. */
#ifndef INTERBIND_PLATFORM_H
#define INTERBIND_PLATFORM_H

#include <Python.h>

#include <interbind/abi.h>

#ifdef __cplusplus
#include <cstddef>
#endif

#define INTERBIND_TEXT_OF(value) INTERBIND_TEXT_OF_(value)
#define INTERBIND_TEXT_OF_(value) #value

#if defined(__linux__) && defined(__ANDROID__)
#define INTERBIND_OS "android"
#elif defined(__linux__)
#define INTERBIND_OS "linux"
#elif defined(__APPLE__)
#define INTERBIND_OS "macos"
#elif defined(_WIN32)
#define INTERBIND_OS "windows"
#elif defined(__FreeBSD__)
#define INTERBIND_OS "freebsd"
#elif defined(__EMSCRIPTEN__)
#define INTERBIND_OS "emscripten"
#else
#define INTERBIND_OS "unknown"
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define INTERBIND_ARCH "x86_64"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define INTERBIND_ARCH "aarch64"
#elif defined(__i386__) || defined(_M_IX86)
#define INTERBIND_ARCH "x86"
#elif defined(__arm__) || defined(_M_ARM)
#define INTERBIND_ARCH "arm"
#elif defined(__powerpc64__)
#define INTERBIND_ARCH "powerpc64"
#elif defined(__riscv) && __riscv_xlen == 64
#define INTERBIND_ARCH "riscv64"
#elif defined(__s390x__)
#define INTERBIND_ARCH "s390x"
#elif defined(__loongarch64)
#define INTERBIND_ARCH "loongarch64"
#elif defined(__wasm32__)
#define INTERBIND_ARCH "wasm32"
#else
#define INTERBIND_ARCH "unknown"
#endif

#if SIZEOF_VOID_P == 8
#define INTERBIND_BITS "64"
#else
#define INTERBIND_BITS "32"
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define INTERBIND_ENDIAN "big"
#else
#define INTERBIND_ENDIAN "little"
#endif

#if defined(_MSC_VER)
#define INTERBIND_C_ABI "msvc"
#elif defined(_WIN32)
#define INTERBIND_C_ABI "mingw"
#else
#define INTERBIND_C_ABI "sysv"
#endif

#if defined(PYPY_VERSION)
#define INTERBIND_PYTHON "pypy"
#elif defined(GRAALVM_PYTHON)
#define INTERBIND_PYTHON "graalpy"
#else
#define INTERBIND_PYTHON "cpython"
#endif

/* The limited API, which serves every Python from a version on. */
#if defined(Py_TARGET_ABI3T)
#define INTERBIND_LIMITED Py_TARGET_ABI3T
#define INTERBIND_API_KIND "abi3t-3."
#elif defined(Py_LIMITED_API)
#define INTERBIND_LIMITED Py_LIMITED_API
#define INTERBIND_API_KIND "abi3-3."
#endif

#if defined(INTERBIND_LIMITED)
#if INTERBIND_LIMITED + 0 < 0x03090000
#error "interbind needs Py_LIMITED_API of 0x03090000 or more"
#elif INTERBIND_LIMITED + 0 < 0x030a0000
#define INTERBIND_API_MINOR "9"
#elif INTERBIND_LIMITED + 0 < 0x030b0000
#define INTERBIND_API_MINOR "10"
#elif INTERBIND_LIMITED + 0 < 0x030c0000
#define INTERBIND_API_MINOR "11"
#elif INTERBIND_LIMITED + 0 < 0x030d0000
#define INTERBIND_API_MINOR "12"
#elif INTERBIND_LIMITED + 0 < 0x030e0000
#define INTERBIND_API_MINOR "13"
#elif INTERBIND_LIMITED + 0 < 0x030f0000
#define INTERBIND_API_MINOR "14"
#elif INTERBIND_LIMITED + 0 < 0x03100000
#define INTERBIND_API_MINOR "15"
#else
#error "this interbind.h doesn't know a limited API that new"
#endif
#define INTERBIND_PYTHON_API INTERBIND_API_KIND INTERBIND_API_MINOR
#else
#define INTERBIND_PYTHON_API INTERBIND_TEXT_OF(PY_MAJOR_VERSION) "." INTERBIND_TEXT_OF(PY_MINOR_VERSION)
#endif

#if defined(Py_TARGET_ABI3T)
#define INTERBIND_GIL "any"
#elif defined(Py_GIL_DISABLED)
#define INTERBIND_GIL "off"
#else
#define INTERBIND_GIL "on"
#endif

#if defined(Py_DEBUG)
#define INTERBIND_DEBUG "yes"
#else
#define INTERBIND_DEBUG "no"
#endif

#if defined(Py_TRACE_REFS)
#define INTERBIND_REFS "yes"
#else
#define INTERBIND_REFS "no"
#endif

/* This build's platform text. */
#define INTERBIND_PLATFORM \
    "os=" INTERBIND_OS " arch=" INTERBIND_ARCH " bits=" INTERBIND_BITS " endian=" INTERBIND_ENDIAN \
    " c=" INTERBIND_C_ABI " python=" INTERBIND_PYTHON " api=" INTERBIND_PYTHON_API " gil=" INTERBIND_GIL \
    " debug=" INTERBIND_DEBUG " refs=" INTERBIND_REFS

/* The compiler, for people. */
#if defined(__clang__)
#define INTERBIND_COMPILER \
    "clang " INTERBIND_TEXT_OF(__clang_major__) "." INTERBIND_TEXT_OF(__clang_minor__) \
    "." INTERBIND_TEXT_OF(__clang_patchlevel__)
#elif defined(__GNUC__)
#define INTERBIND_COMPILER \
    "gcc " INTERBIND_TEXT_OF(__GNUC__) "." INTERBIND_TEXT_OF(__GNUC_MINOR__) \
    "." INTERBIND_TEXT_OF(__GNUC_PATCHLEVEL__)
#else
#define INTERBIND_COMPILER "an unknown compiler"
#endif

#ifdef __cplusplus

#if defined(_MSC_VER)
#define INTERBIND_CXX_NAMES "msvc"
#else
#define INTERBIND_CXX_NAMES "itanium"
#endif

#if defined(_LIBCPP_VERSION)
#define INTERBIND_CXX_LIB "libc++"
#define INTERBIND_CXX_LIBABI "libcpp_abi" INTERBIND_TEXT_OF(_LIBCPP_ABI_VERSION)
#elif defined(__GLIBCXX__)
#define INTERBIND_CXX_LIB "libstdc++"
#if defined(__GXX_ABI_VERSION) && __GXX_ABI_VERSION >= 1002 && __GXX_ABI_VERSION < 2000
/* From GCC 3.4 on, versions of the ABI differ in corners that no class of a library is made of. */
#define INTERBIND_CXX_LIBABI "gxx_abi_1xxx"
#else
#define INTERBIND_CXX_LIBABI "gxx_abi_" INTERBIND_TEXT_OF(__GXX_ABI_VERSION)
#endif
#elif defined(_MSC_VER) && defined(_DLL) && _MSC_VER / 100 == 19
#define INTERBIND_CXX_LIB "msvc"
#define INTERBIND_CXX_LIBABI "md_mscver19"
#elif defined(_MSC_VER) && _MSC_VER / 100 == 19
#define INTERBIND_CXX_LIB "msvc"
#define INTERBIND_CXX_LIBABI "mt_mscver19"
#else
#define INTERBIND_CXX_LIB "none"
#define INTERBIND_CXX_LIBABI "none"
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define INTERBIND_CXX_STRINGS "1"
#elif defined(_GLIBCXX_USE_CXX11_ABI)
#define INTERBIND_CXX_STRINGS "0"
#else
#define INTERBIND_CXX_STRINGS "-"
#endif

#if defined(_GLIBCXX_DEBUG) || (defined(_ITERATOR_DEBUG_LEVEL) && _ITERATOR_DEBUG_LEVEL != 0)
#define INTERBIND_CXX_DEBUG "yes"
#else
#define INTERBIND_CXX_DEBUG "no"
#endif

/* The ABI of this build's C++: the descriptor of its native types. */
#define INTERBIND_CXX_ABI \
    "language=c++ abi=" INTERBIND_CXX_NAMES " lib=" INTERBIND_CXX_LIB " libabi=" INTERBIND_CXX_LIBABI \
    " cxx11=" INTERBIND_CXX_STRINGS " debug=" INTERBIND_CXX_DEBUG

#endif

/* The ABI of C, for native types whose key starts with `c:`. */
#define INTERBIND_C_TYPES_ABI "language=c abi=" INTERBIND_C_ABI " lib=none libabi=none cxx11=- debug=no"

/* A literal as a record's text. */
#define INTERBIND_STR(literal) {(const uint8_t *)("" literal), sizeof(literal) - 1}

/* Makes a module's owner record, a static that isn't const: its file is written in when the module is bound. */
#define INTERBIND_OWNER(name, version) \
    {INTERBIND_OWNER_HEADER, INTERBIND_STR(name), INTERBIND_STR(version), INTERBIND_STR(""), \
        INTERBIND_STR(INTERBIND_PLATFORM), INTERBIND_STR(INTERBIND_VERSION), INTERBIND_STR(INTERBIND_COMPILER)}

#endif /* INTERBIND_PLATFORM_H */
