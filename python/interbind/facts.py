"""What is known of files: the classes of `interbind.inspect`, and those that the others share.

Made from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, Optional, Tuple, TypeVar

__all__ = [
    "AbiId",
    "AbiInfo",
    "Arch",
    "CApi",
    "CFunction",
    "Capsule",
    "Claim",
    "Conduit",
    "Confidence",
    "ConsumedType",
    "CxxRuntime",
    "DeclaredType",
    "Domain",
    "EntryPoint",
    "Evidence",
    "ExpectedClass",
    "Format",
    "Framework",
    "FrameworkKind",
    "Gil",
    "Inspection",
    "Interpreters",
    "Larger",
    "Libc",
    "LibcKind",
    "Links",
    "Module",
    "Os",
    "OurNote",
    "Part",
    "Partner",
    "PartnerKind",
    "PartnerRole",
    "Problem",
    "ProvidedType",
    "PythonNeeds",
    "Role",
    "SizedClass",
    "Source",
    "Stable",
    "StableKind",
    "Strings",
    "TakenFunction",
    "Target",
    "Unmet",
    "Unresolved",
    "Versions",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One named part of an id."""

    name: str
    """Its name: `internals`, `compiler`, `stdlib`, `build-abi`, `debug`, `free-threaded`, …"""

    value: str
    """Its text in the id; empty where the id says nothing."""


@dataclass(frozen=True)
class AbiId:
    """An id by which modules of one framework recognise each other."""

    text: str
    """The whole id, as it stands in the file."""

    kind: str
    """What it is: `internals-key`, `module-local-key`, `platform-id`, `tag`."""

    parts: Tuple[Part, ...]
    """Its parts, in their order."""

    overridden: Tuple[str, ...] = ()
    """Names of the parts that no compiler sets by itself: somebody overrode them."""


@dataclass(frozen=True)
class AbiInfo:
    """The record `PyABIInfo` of a module's list of slots (`Py_mod_abi`): what it was built with, as its compiler wrote it."""

    build: str
    """The Python whose headers it was built with: `3.15.0b2`."""

    api: str
    """The Python whose C API it was built for: of a stable ABI, its floor."""

    stable: bool
    """Whether it is for a stable ABI."""

    gil: bool
    """Whether a Python with a GIL may load it."""

    free_threaded: bool
    """Whether a free-threaded Python may."""

    internal: bool
    """Whether it uses Python's internals."""


@dataclass(frozen=True)
class Arch:
    """A processor."""

    name: str
    """The name Linux wheels use: `x86_64`, `aarch64`, `i686`, `armv7l`, `ppc64le`, `s390x`, `riscv64`, …"""

    bits: int
    """32 or 64."""

    little_endian: bool
    """Whether the lowest byte comes first."""


@dataclass(frozen=True)
class CFunction:
    """A function that a module gives to others."""

    name: str
    """Its name."""

    signature: str
    """Its signature, as Cython writes it."""


@dataclass(frozen=True)
class TakenFunction:
    """A function that a module asks of another."""

    module: str
    """The other module."""

    name: str
    """Its name."""

    signature: str
    """The signature that it was compiled with."""


@dataclass(frozen=True)
class SizedClass:
    """A class and the size of its objects."""

    name: str
    """Its name, with the module's."""

    size: int
    """`tp_basicsize`."""

    item: Optional[int] = None
    """`tp_itemsize`."""


Larger = Literal[
    "refused",  # It isn't imported.
    "warned",  # It warns.
    "taken",  # It takes no notice.
]
"""What a module does where objects of another's class are larger than it was compiled for."""


Source = Literal[
    "bytes",  # Bytes in the file, at `offset`.
    "symbol",  # A symbol, imported or exported.
    "section",  # A section or load command.
    "needed",  # A library the file asks for.
    "file-name",  # The file's own name.
    "metadata",  # A wheel's tag, `WHEEL` or `METADATA`.
    "code",  # Instructions that were followed.
    "note",  # Our own build note.
    "table",  # A table of releases, which says what the other evidence means.
]
"""Where a piece of evidence was found."""


@dataclass(frozen=True)
class Evidence:
    """What a statement rests on."""

    source: Source
    """What kind of thing was seen."""

    text: str
    """What was seen, as text; long runs of bytes are cut."""

    offset: Optional[int] = None
    """Where, in bytes from the start of the file (of the slice, in a fat Mach-O file)."""

    file: Optional[str] = None
    """The file it was seen in, where that isn't the module itself: a library it needs, a wheel's metadata."""


@dataclass(frozen=True)
class ExpectedClass:
    """A class of another module, whose objects a module takes to be of a size."""

    module: str
    """The other module."""

    class_: str
    """The class."""

    size: int
    """The size that it was compiled with."""

    alignment: int
    """How its members are aligned."""

    evidence: Evidence
    """The call that says so."""

    larger: Optional[Larger] = None
    """What it does where objects are larger; absent: the code doesn't tell."""


@dataclass(frozen=True)
class Capsule:
    """A capsule by its name."""

    name: str
    """Its name: `package.module._C_API`."""

    entries: Optional[int] = None
    """How many pointers stand in the table that it holds, where that is in the file."""


@dataclass(frozen=True)
class CApi:
    """A module's C API, both sides."""

    gives: Tuple[CFunction, ...] = ()
    """Functions that it gives to others (Cython's `__pyx_capi__`)."""

    takes: Tuple[TakenFunction, ...] = ()
    """Functions that it asks of others."""

    classes: Tuple[SizedClass, ...] = ()
    """Classes in its data, with the sizes of their objects."""

    expects: Tuple[ExpectedClass, ...] = ()
    """Classes of others whose objects it takes to be of a size."""

    capsules: Tuple[Capsule, ...] = ()
    """Tables that it gives to others in a capsule."""

    asks: Tuple[Capsule, ...] = ()
    """Capsules that it asks others for."""


Confidence = Literal[
    "unknown",  # The file doesn't tell; `why` says what is missing.
    "likely",  # The evidence fits nothing else we know, but doesn't prove it.
    "certain",  # The bytes mean just this.
]
"""How sure a statement is."""


@dataclass(frozen=True)
class Claim(Generic[T]):
    """A statement about a file."""

    confidence: Confidence
    """How sure it is."""

    value: Optional[T] = None
    """What is stated; absent exactly when it is unknown."""

    evidence: Tuple[Evidence, ...] = ()
    """What it rests on."""

    why: Optional[str] = None
    """Why it is no surer, in one sentence."""


@dataclass(frozen=True)
class Conduit:
    """Whether a pybind11 module answers and asks through pybind11's conduit."""

    present: bool
    """It has the method."""

    platform: Optional[str] = None
    """The platform id it compares, where there is one."""


@dataclass(frozen=True)
class CxxRuntime:
    """A C++ runtime."""

    name: str
    """`libstdc++`, `libc++`, `msvc`, and `static` behind it where it is linked in."""

    floors: Tuple[str, ...] = ()
    """The newest version of symbols asked for: `GLIBCXX_3.4.29`, `CXXABI_1.3.13`."""


@dataclass(frozen=True)
class Domain:
    """nanobind's domain: a part of its key that stands outside the tag."""

    name: str
    """Its name; empty: the default one."""


FrameworkKind = Literal[
    "pybind11",  # pybind11.
    "nanobind",  # nanobind.
    "pyo3",  # PyO3.
    "cython",  # Cython.
    "swig",  # SWIG.
    "boost-python",  # Boost.Python.
    "cffi",  # CFFI.
    "hpy",  # HPy.
    "f2py",  # NumPy's f2py.
    "mypyc",  # mypyc.
    "interbind",  # This project's own layer.
    "sip",  # SIP, of PyQt.
    "shiboken",  # Shiboken, of PySide.
    "pythran",  # Pythran.
    "uniffi",  # uniffi, whose libraries are called through `ctypes`.
    "vtk",  # VTK's own wrappers.
    "py-obj-c",  # PyObjC.
    "cppyy",  # cppyy, and ROOT's fork of it.
    "gopy",  # gopy, for Go packages.
    "plain",  # The C API alone, or a layer that leaves no trace.
]
"""What made a module's bindings."""


Gil = Literal[
    "not-used",  # It says that it works without: importing it leaves the GIL off.
    "used",  # It says nothing, or that it needs it: importing it turns the GIL on.
]
"""What a module tells a free-threaded Python about the GIL."""


Interpreters = Literal[
    "main-only",  # The main interpreter alone.
    "shared-gil",  # Those that share the main interpreter's GIL.
    "per-interpreter-gil",  # Each.
]
"""What a module says of sub-interpreters."""


LibcKind = Literal[
    "glibc",  # GNU's.
    "musl",  # musl.
    "system",  # Apple's libSystem.
    "ucrt",  # Microsoft's universal C runtime.
    "bionic",  # Android's.
]
"""A C library."""


@dataclass(frozen=True)
class Libc:
    """A C library, and the lowest release that has every symbol the file imports."""

    kind: LibcKind
    """Which."""

    floor: Optional[str] = None
    """The floor: glibc's `2.17`, macOS' `11.0`; absent where nothing says."""


Os = Literal[
    "linux",  # Linux.
    "macos",  # macOS.
    "windows",  # Windows.
    "android",  # Android.
    "ios",  # iOS.
    "emscripten",  # Emscripten, with which Pyodide brings Python into browsers.
    "other",  # Another.
]
"""An operating system."""


Strings = Literal[
    "old",  # The one from before GCC 5 (`_GLIBCXX_USE_CXX11_ABI=0`).
    "new",  # `std::__cxx11::basic_string`.
    "both",  # Functions of both.
]
"""Which `std::string` of libstdc++: what is built with one doesn't link with what is built with the other."""


@dataclass(frozen=True)
class Unmet:
    """A symbol that nobody has."""

    symbol: str
    """The symbol, as linkers write it."""

    library: Optional[str] = None
    """The library that should have it: the one it is bound to, or the one that has others of its namespace."""

    version: Optional[str] = None
    """The version of the library's symbols that is missing, where that is why."""


@dataclass(frozen=True)
class Unresolved:
    """Symbols that nobody has."""

    count: int
    """How many."""

    symbols: Tuple[Unmet, ...]
    """The first of them."""


@dataclass(frozen=True)
class Versions:
    """Releases, both ends included."""

    lowest: str
    """The lowest it can be."""

    highest: Optional[str] = None
    """The highest it can be; absent: any later release too, as far as we know them."""


@dataclass(frozen=True)
class ConsumedType:
    """A type that a module consumes."""

    name: str
    """The type's name."""

    requirement: str
    """The versions that will do: `^1.2.0`."""


@dataclass(frozen=True)
class DeclaredType:
    """A declaration of a type, as it was compiled in."""

    name: str
    """The type's name."""

    version: str
    """The declaration's version."""

    descriptor: str
    """Its descriptor."""


@dataclass(frozen=True)
class EntryPoint:
    """A function by which Python loads a module."""

    symbol: str
    """The exported symbol: `PyInit_x`, `PyModExport_x`, `_cffi_pypyinit__x`, `HPyInit_x`."""

    module: str
    """The module it makes."""


Format = Literal[
    "elf",  # Linux and other Unix systems.
    "mach-o",  # macOS and iOS.
    "pe",  # Windows.
    "wasm",  # WebAssembly, for a Python in a browser.
]
"""A binary format."""


Role = Literal[
    "whole",  # All of it is in the module.
    "front-end",  # A front end, which asks another module for its internals.
    "back-end",  # The back end other modules ask.
]
"""Which half of a framework a module is."""


@dataclass(frozen=True)
class Framework:
    """A binding library in a module."""

    kind: FrameworkKind
    """Which."""

    present: Claim[bool]
    """That it is there at all."""

    role: Role
    """Which half of it."""

    version: Claim[Versions]
    """Its releases, as exactly as the evidence allows."""

    internals: Optional[Claim[int]] = None
    """The number of its shared state's layout, for those that have one."""

    ids: Tuple[Claim[AbiId], ...] = ()
    """Its ids."""

    domain: Optional[Claim[Domain]] = None
    """nanobind's domain."""

    back_end: Optional[Claim[str]] = None
    """The module that a front end of nanobind asks for its state."""

    conduit: Optional[Claim[Conduit]] = None
    """pybind11's conduit."""

    adapts: Tuple[Claim[FrameworkKind], ...] = ()
    """The frameworks for whose objects this project's layer has an adapter in the module."""

    warnings: Tuple[str, ...] = ()
    """What a reader should be warned of: a build setting that weakens the id, a development release."""


@dataclass(frozen=True)
class Target:
    """The machine a file is for."""

    format: Format
    """The binary format."""

    os: Claim[Os]
    """The system."""

    arch: Arch
    """The processor."""

    libc: Claim[Libc]
    """The C library."""

    cxx: Optional[Claim[CxxRuntime]] = None
    """The C++ runtime; absent: it imports nothing of one."""

    strings: Optional[Claim[Strings]] = None
    """Which `std::string` of libstdc++ it passes to others or takes from them; absent: no symbol tells."""

    compilers: Tuple[Claim[str], ...] = ()
    """What compiled it, from `.comment`, the PE linker's version or the code's own texts."""


StableKind = Literal[
    "abi3",  # The limited API as it is since Python 3.2.
    "abi3t",  # The one that free-threaded builds share, from Python 3.15.
]
"""Which stable ABI."""


@dataclass(frozen=True)
class Stable:
    """A module for the limited API."""

    kind: StableKind
    """Which."""

    claimed: Claim[str]
    """The lowest Python it claims (`3.9`): by the wheel's tag or the note."""

    needed: Claim[str]
    """The lowest Python that has every symbol it imports."""

    exported: Optional[Claim[str]] = None
    """The lowest Python that gives out every symbol it imports, though maybe not yet as a part of the stable ABI: where the claim is broken, this says where it loads all the same. Absent: it is `needed`."""

    outside: Tuple[str, ...] = ()
    """Imported Python symbols that no stable ABI has."""


@dataclass(frozen=True)
class PythonNeeds:
    """What a module asks of the interpreter."""

    implementation: Claim[str]
    """`cpython`, `pypy`, `graalpy`."""

    version: Claim[str]
    """The one version it is built for (`3.12`); unknown for a stable ABI, which has a floor instead."""

    free_threaded: Claim[bool]
    """Whether it is built for a free-threaded interpreter; unknown for what serves both kinds."""

    debug: Claim[bool]
    """Whether it is built for a debug interpreter."""

    entries: Tuple[EntryPoint, ...]
    """How it is loaded; none: this is no extension module."""

    gil: Claim[Gil]
    """What it says of the GIL."""

    interpreters: Claim[Interpreters]
    """What it says of sub-interpreters."""

    tag: Optional[str] = None
    """The tag in the file's name: `cpython-312-x86_64-linux-gnu`, `abi3`, `cp312-win_amd64`."""

    stable: Optional[Stable] = None
    """The stable ABI, where it is built for one."""

    built: Optional[Claim[AbiInfo]] = None
    """Its own record of what it was built with, where it has one."""

    protocols: Tuple[Claim[str], ...] = ()
    """Ways round a registry that were seen: `arrow`, `dlpack`, `buffer`, `pymetabind`."""


PartnerKind = Literal[
    "numpy",  # NumPy.
    "pytorch",  # PyTorch.
    "tensorflow",  # TensorFlow.
    "arrow",  # Apache Arrow.
    "protobuf",  # Protocol Buffers.
    "abseil",  # Abseil.
    "openmp",  # A run time of OpenMP.
]
"""Which library."""


PartnerRole = Literal[
    "needs",  # It asks for it.
    "brings",  # It is the library, or a part of it.
    "exports",  # It has a copy of it linked in, and gives the copy's names out: another copy in the process can meet it.
]
"""On which side of the interface a module is."""


@dataclass(frozen=True)
class Partner:
    """A library that a module was built for."""

    kind: PartnerKind
    """Which."""

    role: PartnerRole
    """On which side the module is."""

    present: Claim[bool]
    """That it is one at all."""

    generation: Optional[Claim[str]] = None
    """The generation of its binary interface: for NumPy `1`, or `2`, whose headers serve both."""

    lowest: Optional[Claim[str]] = None
    """The oldest release that serves the module."""

    highest: Optional[Claim[str]] = None
    """The last release, or series of releases, that serves it; absent: as far as the file tells, later ones do too."""

    through: Optional[FrameworkKind] = None
    """By whose code it asks; `plain`: by the library's own headers."""


@dataclass(frozen=True)
class Links:
    """How a file is joined with others."""

    own_name: Optional[str] = None
    """The name by which others ask for it, where it has one (`SONAME`, an install name)."""

    search: Tuple[str, ...] = ()
    """The folders that it has searched for what it asks for, as it writes them (`RPATH`, `RUNPATH`)."""

    unresolved: Optional[Claim[Unresolved]] = None
    """Symbols that it can't be loaded or run without, and that no library it asks for has; only where all of these were read."""

    missing: Tuple[str, ...] = ()
    """Libraries that it asks for, and that weren't among the files read, nor are they a part of every system."""


@dataclass(frozen=True)
class ProvidedType:
    """A type that a module provides."""

    name: str
    """The type's name."""

    version: str
    """Its version."""


@dataclass(frozen=True)
class OurNote:
    """What a module's own build note says."""

    module: Tuple[str, ...]
    """The lines of the module's note, as they stand there."""

    types: Tuple[str, ...]
    """The descriptors of the types it provides or consumes."""

    name: Optional[str] = None
    """The name the module is imported by, as its note says."""

    version: Optional[str] = None
    """The version of its package."""

    interbind: Optional[str] = None
    """The version of interbind in it."""

    panic: Optional[str] = None
    """What a panic does: `unwind` or `abort`; `none` for a build in C or C++."""

    compiler: Optional[str] = None
    """The compiler."""

    platform: Optional[str] = None
    """The platform text."""

    runtime: Optional[str] = None
    """Where the implementation is: `static`, in the module itself, or `wheel`, in the package `interbind`; absent: the note doesn't say."""

    provides: Tuple[ProvidedType, ...] = ()
    """The types it provides."""

    consumes: Tuple[ConsumedType, ...] = ()
    """The types it consumes."""

    declared: Tuple[DeclaredType, ...] = ()
    """The declarations in it."""


@dataclass(frozen=True)
class Problem:
    """Something that could not be read, or isn't as it should be."""

    kind: str
    """Its kind: `unreadable`, `truncated`, `too-large`, `bad-archive`, `path-in-archive`, `unknown-format`, …"""

    path: str
    """The file, and the member after `!` where it is in an archive."""

    message: str
    """What is wrong, with the values that are."""

    evidence: Optional[Evidence] = None
    """What was seen."""


@dataclass(frozen=True)
class Module:
    """A native module: an extension module, or a library that came with one. A fat Mach-O file gives one for each slice."""

    path: str
    """The file as the user would name it; for a member of an archive, the archive."""

    size: int
    """Its size in bytes."""

    extension: bool
    """Whether it is an extension module: a library that only came with one has no entry point."""

    target: Target
    """The machine it is for."""

    python: PythonNeeds
    """What it asks of the interpreter."""

    frameworks: Tuple[Framework, ...]
    """The binding libraries in it."""

    member: Optional[str] = None
    """The member's name inside the archive."""

    name: Optional[str] = None
    """The name it is imported by (`package._core`), as far as its place tells."""

    program: bool = False
    """Whether it is a program, which is started and not loaded."""

    partners: Tuple[Partner, ...] = ()
    """The libraries beside Python whose binary interface it was built for."""

    capi: Optional[CApi] = None
    """What it gives to other modules in C, and asks of them."""

    needed: Tuple[str, ...] = ()
    """The libraries it asks for."""

    links: Optional[Links] = None
    """How the loader joins it with others."""

    note: Optional[OurNote] = None
    """Our own build note."""

    problems: Tuple[Problem, ...] = ()
    """What could not be read, though the rest could."""


@dataclass(frozen=True)
class Inspection:
    """What a run of `inspect` gives."""

    schema: str
    """The schema's name and version: `interbind-inspect/1`."""

    modules: Tuple[Module, ...]
    """The modules, in the order of their paths."""

    problems: Tuple[Problem, ...] = ()
    """What could not be read at all."""
