/* The frozen records: what every participant agrees on, laid out as `abi/abi.lock` promises.
 *
 * Written by `cargo xtask generate header`; never edited by hand. Needs no Python: an `interbind_object` is a
 * `PyObject`. Texts of records are UTF-8 with a length and no end mark. Fields that move after publication are read and
 * written atomically, see <interbind/compiler.h>. */
#ifndef INTERBIND_ABI_H
#define INTERBIND_ABI_H

#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX != UINT64_MAX
#error "interbind shares records between 64-bit builds only: build for a target with 64-bit pointers"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of interbind that this header is of. */
#define INTERBIND_VERSION "0.1.0"

/* ---- Reasons: the slugs that refusals carry. ---- */

/* The reason: one side is built for a free-threaded Python, the other isn't. */
#define INTERBIND_REASON_GIL_BUILD "gil-build"
/* The reason: the build is for another version of Python. */
#define INTERBIND_REASON_PYTHON_VERSION "python-version"
/* The reason: the build is for another implementation of Python. */
#define INTERBIND_REASON_IMPLEMENTATION "implementation"
/* The reason: one side is built with Py_TRACE_REFS, which changes the object header. */
#define INTERBIND_REASON_TRACE_REFS "trace-refs"
/* The reason: something else stands where the core's capsule belongs. */
#define INTERBIND_REASON_NOT_A_CAPSULE "not-a-capsule"
/* The reason: a record starts with another kind's magic. */
#define INTERBIND_REASON_BAD_MAGIC "bad-magic"
/* The reason: a record's size, text or slots contradict its version. */
#define INTERBIND_REASON_MALFORMED_RECORD "malformed-record"
/* The reason: a record has another major version. */
#define INTERBIND_REASON_OTHER_MAJOR "other-major"
/* The reason: nobody in this process offers the service. */
#define INTERBIND_REASON_SERVICE_MISSING "service-missing"
/* The reason: the service's maker doesn't know the slot that is needed. */
#define INTERBIND_REASON_SERVICE_TOO_OLD "service-too-old"
/* The reason: the two builds call C functions differently. */
#define INTERBIND_REASON_C_ABI "c-abi"
/* The reason: the two builds' C++ compilers or standard libraries lay objects out differently. */
#define INTERBIND_REASON_NATIVE_ABI "native-abi"
/* The reason: the object or record belongs to another interpreter. */
#define INTERBIND_REASON_OTHER_INTERPRETER "other-interpreter"
/* The reason: the interpreter is ending. */
#define INTERBIND_REASON_INTERPRETER_ENDING "interpreter-ending"
/* The reason: the module serves one interpreter and is in use in another. */
#define INTERBIND_REASON_PYO3_SINGLE_INTERPRETER "pyo3-single-interpreter"
/* The reason: the module says that it doesn't support this kind of interpreter. */
#define INTERBIND_REASON_INTERPRETER_NOT_SUPPORTED "interpreter-not-supported"
/* The reason: no module has published a type of that name. */
#define INTERBIND_REASON_NOT_PUBLISHED "not-published"
/* The reason: the object is not an instance of a type published under that name. */
#define INTERBIND_REASON_WRONG_OBJECT "wrong-object"
/* The reason: the record carries another name than it was published under. */
#define INTERBIND_REASON_NAME_DIFFERS "name-differs"
/* The reason: the provider's version is outside the consumer's requirement. */
#define INTERBIND_REASON_VERSION_DIFFERS "version-differs"
/* The reason: one side has a data type, the other an interface. */
#define INTERBIND_REASON_KIND_DIFFERS "kind-differs"
/* The reason: the provider lacks a method that the consumer needs. */
#define INTERBIND_REASON_SLOT_MISSING "slot-missing"
/* The reason: the two sides lay the type out differently. */
#define INTERBIND_REASON_LAYOUT_DIFFERS "layout-differs"
/* The reason: a method's slot or signature differs. */
#define INTERBIND_REASON_SIGNATURE_DIFFERS "signature-differs"
/* The reason: the provider's data is not aligned as the type needs. */
#define INTERBIND_REASON_MISALIGNED "misaligned"
/* The reason: the object may be used only on the thread that made it. */
#define INTERBIND_REASON_WRONG_THREAD "wrong-thread"
/* The reason: the object is borrowed in a way that excludes this borrow. */
#define INTERBIND_REASON_ALREADY_BORROWED "already-borrowed"
/* The reason: an exclusive borrow of a frozen class. */
#define INTERBIND_REASON_FROZEN "frozen"
/* The reason: the provider tracks no borrows, so no reference can be given out. */
#define INTERBIND_REASON_UNTRACKED "untracked"
/* The reason: the provider's code panicked. */
#define INTERBIND_REASON_PROVIDER_PANICKED "provider-panicked"
/* The reason: the provider's code raised an exception or returned an error. */
#define INTERBIND_REASON_PROVIDER_RAISED "provider-raised"
/* The reason: a value is not one of its type's. */
#define INTERBIND_REASON_INVALID_VALUE "invalid-value"
/* The reason: the method handles Python objects and was called on a detached thread. */
#define INTERBIND_REASON_NOT_ATTACHED "not-attached"
/* The reason: the class can't be published as this type. */
#define INTERBIND_REASON_NOT_SHAREABLE "not-shareable"
/* The reason: the provider can't make objects for others. */
#define INTERBIND_REASON_NOT_CONSTRUCTIBLE "not-constructible"

/* ---- Names, kinds and numbers. ---- */

/* The longest text that a record may carry, in bytes; more is malformed. */
#define INTERBIND_MAX_TEXT (1u << 20)
/* The largest plausible `struct_size`, in bytes. */
#define INTERBIND_MAX_STRUCT_SIZE (64u * 1024)
/* The state dict's key for the core, major 1; also the capsule's name. */
#define INTERBIND_KEY_CORE "__interbind_internals_v1__"
/* What every major's key starts with; whoever looks for strangers lists the state dict's keys with this prefix. */
#define INTERBIND_KEY_CORE_PREFIX "__interbind_internals_v"
/* The state dict's key for the wheel's runtime, major 1; also the capsule's name. */
#define INTERBIND_KEY_RUNTIME "__interbind_runtime_v1__"
/* The state dict's key for the `functions` service, major 1; also the capsule's name. It needs no core. */
#define INTERBIND_KEY_FUNCTIONS "__interbind_functions_v1__"
/* The module that puts the runtime there when it's imported. */
#define INTERBIND_RUNTIME_MODULE "interbind._runtime"
/* The service that holds type records. */
#define INTERBIND_SERVICE_TYPES "types"
/* The service that maps C pointers to Python objects, and keeps objects alive. */
#define INTERBIND_SERVICE_INSTANCES "instances"
/* The service that holds what modules share by name. */
#define INTERBIND_SERVICE_USERDATA "userdata"
/* The service that chains translators of native exceptions. */
#define INTERBIND_SERVICE_EXCEPTIONS "exceptions"
/* The service that holds the classes of functions; it stands under a key of its own,
 * `INTERBIND_FUNCTIONS_MAGIC`. */
#define INTERBIND_SERVICE_FUNCTIONS "functions"
/* The attribute of an exception that holds the `Reason`'s slug. */
#define INTERBIND_KEY_REASON "interbind_reason"
/* A core record's magic and version. */
#define INTERBIND_CORE_MAGIC "ib.core\0"
#define INTERBIND_CORE_MAJOR 1
#define INTERBIND_CORE_MINOR 0
#define INTERBIND_CORE_SIZES {168}
#define INTERBIND_CORE_HEADER \
    {{105, 98, 46, 99, 111, 114, 101, 0}, sizeof(interbind_core), INTERBIND_CORE_MAJOR, INTERBIND_CORE_MINOR}
/* Done; outputs are written. */
#define INTERBIND_OK 0
/* The interpreter is ending: no new publication. */
#define INTERBIND_ENDING 1
/* An argument is NULL, not UTF-8, or its record malformed. */
#define INTERBIND_INVALID 2
/* There is no such service, and no way to make it was given. */
#define INTERBIND_MISSING 3
/* The maker failed; it says why in its own way. */
#define INTERBIND_FAILED 4
/* The callee filled the `interbind_fault`. */
#define INTERBIND_FAULT 5
/* Something of that name is there, and is of another kind. */
#define INTERBIND_DIFFERS 6
/* A core's `state`: publication and look-up work. */
#define INTERBIND_CORE_OPEN 0u
/* A core's `state`: the interpreter is ending; no new publication, look-ups answer `INTERBIND_ENDING`. */
#define INTERBIND_CORE_CLOSING 1u
/* Capability bit: made by a build without the limited API, which can serve what needs object headers. */
#define INTERBIND_CAPABILITY_FULL_API (1u << 0)
/* Capability bit: made by a build for a free-threaded Python. */
#define INTERBIND_CAPABILITY_FREE_THREADED (1u << 1)
/* An owner record's magic and version. */
#define INTERBIND_OWNER_MAGIC "ib.owner"
#define INTERBIND_OWNER_MAJOR 1
#define INTERBIND_OWNER_MINOR 0
#define INTERBIND_OWNER_SIZES {112}
#define INTERBIND_OWNER_HEADER \
    {{105, 98, 46, 111, 119, 110, 101, 114}, sizeof(interbind_owner), INTERBIND_OWNER_MAJOR, INTERBIND_OWNER_MINOR}
/* The `types` service's magic and version. */
#define INTERBIND_TYPES_MAGIC "ib.types"
#define INTERBIND_TYPES_MAJOR 1
#define INTERBIND_TYPES_MINOR 0
#define INTERBIND_TYPES_SIZES {136}
#define INTERBIND_TYPES_HEADER \
    {{105, 98, 46, 116, 121, 112, 101, 115}, sizeof(interbind_types_service), INTERBIND_TYPES_MAJOR, INTERBIND_TYPES_MINOR}
/* A type record's magic and version. */
#define INTERBIND_TYPE_MAGIC "ib.type\0"
#define INTERBIND_TYPE_MAJOR 1
#define INTERBIND_TYPE_MINOR 0
#define INTERBIND_TYPE_SIZES {224}
#define INTERBIND_TYPE_HEADER \
    {{105, 98, 46, 116, 121, 112, 101, 0}, sizeof(interbind_type_record), INTERBIND_TYPE_MAJOR, INTERBIND_TYPE_MINOR}
/* `kind`: plain data, read through its layout. */
#define INTERBIND_KIND_DATA 1u
/* `kind`: an interface, called through its table. */
#define INTERBIND_KIND_INTERFACE 2u
/* `kind`: a native object, of which only its key and the ABI of its language are known (see `native`); the
 * descriptor is that ABI's text. */
#define INTERBIND_KIND_NATIVE 3u
/* `aliasing`: the data never changes; shared borrows need no call when `data_offset` is stated. */
#define INTERBIND_ALIASING_FROZEN 1u
/* `aliasing`: the provider's own borrow flags decide. */
#define INTERBIND_ALIASING_TRACKED 2u
/* `aliasing`: nothing is tracked; consumers get a raw pointer, never a reference. */
#define INTERBIND_ALIASING_UNTRACKED 3u
/* `thread`: usable from any thread, attached or not. */
#define INTERBIND_THREAD_ANY 1u
/* `thread`: usable only on the thread that made the object; the borrow call checks. */
#define INTERBIND_THREAD_OWNER 2u
/* `thread`: usable from any attached thread. */
#define INTERBIND_THREAD_ATTACHED 3u
/* `flags`: Python classes may inherit from the type. */
#define INTERBIND_FLAG_SUBCLASSABLE (1u << 0)
/* `flags`: the Python type is never destroyed (PyO3 keeps its types in statics); not a leak. */
#define INTERBIND_FLAG_IMMORTAL (1u << 1)
/* `flags`: a class that inherits from this one may be published under the same name, so an object of a subclass
 * is not this record's without a look at the others. The registry sets it. */
#define INTERBIND_FLAG_OUTRANKED (1u << 2)
/* `state`: nobody's; its provider may claim it. */
#define INTERBIND_STATE_FREE 0u
/* `state`: a provider fills it in, and hands it to `publish`. */
#define INTERBIND_STATE_CLAIMED 1u
/* `state`: published. */
#define INTERBIND_STATE_LIVE 2u
/* `state`: the registry takes it out. */
#define INTERBIND_STATE_LEAVING 3u
/* `mode` of a borrow: others may read too. */
#define INTERBIND_BORROW_SHARED 1u
/* `mode` of a borrow: nobody else reads or writes. */
#define INTERBIND_BORROW_EXCLUSIVE 2u
/* What a key of C++ starts with; then comes `std::type_info::name()`, and `@module` for a type of one module
 * alone. */
#define INTERBIND_NATIVE_CPP "c++:"
/* What a key of Rust starts with; then comes a path that its author chose. */
#define INTERBIND_NATIVE_RUST "rust:"
/* What a key of C starts with; then comes a name that its author chose. */
#define INTERBIND_NATIVE_C "c:"
/* What a consumer writes that passes pointers on and never looks behind one: the class's own parts aren't
 * compared then. */
#define INTERBIND_OPAQUE "class=opaque"
/* The `instances` service's magic and version. */
#define INTERBIND_INSTANCES_MAGIC "ib.insts"
#define INTERBIND_INSTANCES_MAJOR 1
#define INTERBIND_INSTANCES_MINOR 0
#define INTERBIND_INSTANCES_SIZES {152}
#define INTERBIND_INSTANCES_HEADER \
    {{105, 98, 46, 105, 110, 115, 116, 115}, sizeof(interbind_instances_service), INTERBIND_INSTANCES_MAJOR, INTERBIND_INSTANCES_MINOR}
/* `keep_alive`: the nurse's class calls `traverse` and `release`, so the garbage collector sees what it keeps
 * alive. */
#define INTERBIND_NURSE_VISITS (1u << 0)
/* The `userdata` service's magic and version. */
#define INTERBIND_USERDATA_MAGIC "ib.udata"
#define INTERBIND_USERDATA_MAJOR 1
#define INTERBIND_USERDATA_MINOR 0
#define INTERBIND_USERDATA_SIZES {80}
#define INTERBIND_USERDATA_HEADER \
    {{105, 98, 46, 117, 100, 97, 116, 97}, sizeof(interbind_userdata_service), INTERBIND_USERDATA_MAJOR, INTERBIND_USERDATA_MINOR}
/* The `exceptions` service's magic and version. */
#define INTERBIND_EXCEPTIONS_MAGIC "ib.excep"
#define INTERBIND_EXCEPTIONS_MAJOR 1
#define INTERBIND_EXCEPTIONS_MINOR 0
#define INTERBIND_EXCEPTIONS_SIZES {96}
#define INTERBIND_EXCEPTIONS_HEADER \
    {{105, 98, 46, 101, 120, 99, 101, 112}, sizeof(interbind_exceptions_service), INTERBIND_EXCEPTIONS_MAJOR, INTERBIND_EXCEPTIONS_MINOR}
/* A translator's magic and version. */
#define INTERBIND_TRANSLATOR_MAGIC "ib.trans"
#define INTERBIND_TRANSLATOR_MAJOR 1
#define INTERBIND_TRANSLATOR_MINOR 0
#define INTERBIND_TRANSLATOR_SIZES {56}
#define INTERBIND_TRANSLATOR_HEADER \
    {{105, 98, 46, 116, 114, 97, 110, 115}, sizeof(interbind_translator), INTERBIND_TRANSLATOR_MAJOR, INTERBIND_TRANSLATOR_MINOR}
/* The `functions` service's magic and version. */
#define INTERBIND_FUNCTIONS_MAGIC "ib.funcs"
#define INTERBIND_FUNCTIONS_MAJOR 1
#define INTERBIND_FUNCTIONS_MINOR 0
#define INTERBIND_FUNCTIONS_SIZES {72}
#define INTERBIND_FUNCTIONS_HEADER \
    {{105, 98, 46, 102, 117, 110, 99, 115}, sizeof(interbind_functions_service), INTERBIND_FUNCTIONS_MAJOR, INTERBIND_FUNCTIONS_MINOR}
/* A function class's magic and version. */
#define INTERBIND_FUNCTION_CLASS_MAGIC "ib.fclas"
#define INTERBIND_FUNCTION_CLASS_MAJOR 1
#define INTERBIND_FUNCTION_CLASS_MINOR 0
#define INTERBIND_FUNCTION_CLASS_SIZES {88}
#define INTERBIND_FUNCTION_CLASS_HEADER \
    {{105, 98, 46, 102, 99, 108, 97, 115}, sizeof(interbind_function_class), INTERBIND_FUNCTION_CLASS_MAJOR, INTERBIND_FUNCTION_CLASS_MINOR}
/* A function record's magic and version: that of the object's whole layout, overloads and parameters included. */
#define INTERBIND_FUNCTION_MAGIC "ib.funct"
#define INTERBIND_FUNCTION_MAJOR 1
#define INTERBIND_FUNCTION_MINOR 0
#define INTERBIND_FUNCTION_SIZES {112}
#define INTERBIND_FUNCTION_HEADER \
    {{105, 98, 46, 102, 117, 110, 99, 116}, sizeof(interbind_function_record), INTERBIND_FUNCTION_MAJOR, INTERBIND_FUNCTION_MINOR}
/* An overload's magic and version. */
#define INTERBIND_OVERLOAD_MAGIC "ib.overl"
#define INTERBIND_OVERLOAD_MAJOR 1
#define INTERBIND_OVERLOAD_MINOR 0
#define INTERBIND_OVERLOAD_SIZES {112}
#define INTERBIND_OVERLOAD_HEADER \
    {{105, 98, 46, 111, 118, 101, 114, 108}, sizeof(interbind_overload), INTERBIND_OVERLOAD_MAJOR, INTERBIND_OVERLOAD_MINOR}
/* A native entry's magic and version. */
#define INTERBIND_NATIVE_ENTRY_MAGIC "ib.nativ"
#define INTERBIND_NATIVE_ENTRY_MAJOR 1
#define INTERBIND_NATIVE_ENTRY_MINOR 0
#define INTERBIND_NATIVE_ENTRY_SIZES {64}
#define INTERBIND_NATIVE_ENTRY_HEADER \
    {{105, 98, 46, 110, 97, 116, 105, 118}, sizeof(interbind_native_entry), INTERBIND_NATIVE_ENTRY_MAJOR, INTERBIND_NATIVE_ENTRY_MINOR}
/* A parameter that is given by its place alone. */
#define INTERBIND_PARAMETER_POSITIONAL 0u
/* A parameter that is given by its place or by its name. */
#define INTERBIND_PARAMETER_NAMED 1u
/* A parameter that gets the rest of what is given by place, as a tuple. */
#define INTERBIND_PARAMETER_REST 2u
/* A parameter that is given by its name alone. */
#define INTERBIND_PARAMETER_KEYWORD 3u
/* A parameter that gets the rest of what is given by name, as a dict. */
#define INTERBIND_PARAMETER_KEYWORDS 4u
/* A function that stands for a module, in pickles alone. */
#define INTERBIND_FUNCTION_IS_MODULE (1u << 0)
/* The runtime's magic and version. */
#define INTERBIND_RUNTIME_MAGIC "ib.runtm"
#define INTERBIND_RUNTIME_MAJOR 1
#define INTERBIND_RUNTIME_MINOR 0
#define INTERBIND_RUNTIME_SIZES {56}
#define INTERBIND_RUNTIME_HEADER \
    {{105, 98, 46, 114, 117, 110, 116, 109}, sizeof(interbind_runtime), INTERBIND_RUNTIME_MAJOR, INTERBIND_RUNTIME_MINOR}
/* An expectation's magic and version. */
#define INTERBIND_EXPECTATION_MAGIC "ib.expct"
#define INTERBIND_EXPECTATION_MAJOR 1
#define INTERBIND_EXPECTATION_MINOR 0
#define INTERBIND_EXPECTATION_SIZES {152}
#define INTERBIND_EXPECTATION_HEADER \
    {{105, 98, 46, 101, 120, 112, 99, 116}, sizeof(interbind_expectation), INTERBIND_EXPECTATION_MAJOR, INTERBIND_EXPECTATION_MINOR}
/* A refusal's magic and version. */
#define INTERBIND_REFUSAL_MAGIC "ib.refus"
#define INTERBIND_REFUSAL_MAJOR 1
#define INTERBIND_REFUSAL_MINOR 0
#define INTERBIND_REFUSAL_SIZES {88}
#define INTERBIND_REFUSAL_HEADER \
    {{105, 98, 46, 114, 101, 102, 117, 115}, sizeof(interbind_refusal_record), INTERBIND_REFUSAL_MAJOR, INTERBIND_REFUSAL_MINOR}
/* A refusal's `exception`: ImportError. */
#define INTERBIND_REFUSAL_IMPORT_ERROR 0u
/* A refusal's `exception`: TypeError. */
#define INTERBIND_REFUSAL_TYPE_ERROR 1u
/* A refusal's `exception`: RuntimeError. */
#define INTERBIND_REFUSAL_RUNTIME_ERROR 2u
/* A bit of a refusal's `sides`: there is a provider, even if its record can't be read. */
#define INTERBIND_SIDE_PROVIDER (1u << 0)
/* A bit of a refusal's `sides`: there is a consumer. */
#define INTERBIND_SIDE_CONSUMER (1u << 1)
/* A table's magic and version. */
#define INTERBIND_TABLE_MAGIC "ib.table"
#define INTERBIND_TABLE_MAJOR 1
#define INTERBIND_TABLE_MINOR 0
#define INTERBIND_TABLE_SIZES {24}
#define INTERBIND_TABLE_HEADER \
    {{105, 98, 46, 116, 97, 98, 108, 101}, sizeof(interbind_table_head), INTERBIND_TABLE_MAJOR, INTERBIND_TABLE_MINOR}

/* ---- Types. ---- */

/* What a function of a record returns: `INTERBIND_OK`, or why not. */
typedef int32_t interbind_status;
/* A `PyObject`, for headers that don't know Python. */
typedef struct _object interbind_object;
/* The records under one name or native key; opaque, and its address is the key of the type. */
typedef struct interbind_type_list interbind_type_list;

/* A type's semantic version. */
typedef struct interbind_version {
    /* Moves when the layout or a needed method's meaning changes. */
    uint32_t major;
    /* Moves when something is added. */
    uint32_t minor;
    /* Moves otherwise. */
    uint32_t patch;
} interbind_version;

typedef struct interbind_str interbind_str;
typedef struct interbind_record_header interbind_record_header;
typedef struct interbind_core_head interbind_core_head;
typedef struct interbind_core interbind_core;
typedef struct interbind_owner interbind_owner;
typedef struct interbind_service_head interbind_service_head;
typedef struct interbind_types_service interbind_types_service;
typedef struct interbind_type_counts interbind_type_counts;
typedef struct interbind_type_record interbind_type_record;
typedef struct interbind_base interbind_base;
typedef struct interbind_instances_service interbind_instances_service;
typedef struct interbind_instance_counts interbind_instance_counts;
typedef struct interbind_userdata_service interbind_userdata_service;
typedef struct interbind_exceptions_service interbind_exceptions_service;
typedef struct interbind_translator interbind_translator;
typedef struct interbind_functions_service interbind_functions_service;
typedef struct interbind_function_class interbind_function_class;
typedef struct interbind_function_record interbind_function_record;
typedef struct interbind_overload interbind_overload;
typedef struct interbind_parameter interbind_parameter;
typedef struct interbind_native_entry interbind_native_entry;
typedef struct interbind_runtime interbind_runtime;
typedef struct interbind_expectation interbind_expectation;
typedef struct interbind_refusal_record interbind_refusal_record;
typedef struct interbind_table_head interbind_table_head;
typedef struct interbind_slice interbind_slice;
typedef struct interbind_owned interbind_owned;
typedef struct interbind_fault interbind_fault;

/* Makes a service's table; on `INTERBIND_OK` `out` holds one that the core will `destroy`. */
typedef interbind_status (*interbind_make_service)(interbind_core *core, void *context,
    interbind_service_head **out);

/* Is called with each service; stops when it returns something else than `INTERBIND_OK`. */
typedef interbind_status (*interbind_visit_service)(const interbind_service_head *service, void *context);

/* Borrows an object through its record: `borrow`. */
typedef void *(*interbind_borrow_object)(const interbind_type_record *record, interbind_object *object,
    uint32_t mode);

/* Ends a borrow that gave `data`: `release`. */
typedef void (*interbind_end_borrow)(const interbind_type_record *record, interbind_object *object,
    void *data, uint32_t mode);

/* Is called with each object at an address; stops when it returns something else than `INTERBIND_OK`.
 *
 * The object is borrowed, and alive during the call. */
typedef interbind_status (*interbind_visit_instance)(const interbind_type_list *key, interbind_object *object,
    void *context);

/* Python's `visitproc`. */
typedef int (*interbind_visit_object)(interbind_object *object, void *context);

/* Makes a datum; on `INTERBIND_OK` `out` holds what `free` will be called with. */
typedef interbind_status (*interbind_make_userdata)(void *context, void **out);

/* Frees a datum: called once, on any thread, attached or not, when the interpreter's core goes. */
typedef void (*interbind_free_userdata)(void *data);

/* Is called with each datum; stops when it returns something else than `INTERBIND_OK`. */
typedef interbind_status (*interbind_visit_userdata)(interbind_str name, interbind_str kind,
    const interbind_owner *owner, void *data, void *context);

/* Turns a native exception into Python's: `INTERBIND_OK` with one set, `INTERBIND_MISSING` when it doesn't know
 * it. */
typedef interbind_status (*interbind_translate)(void *context, const void *exception);

/* Is called with each translator; stops when it returns something else than `INTERBIND_OK`. */
typedef interbind_status (*interbind_visit_translator)(const interbind_translator *translator, void *context);

/* Python's `vectorcallfunc`. */
typedef interbind_object *(*interbind_vectorcall)(interbind_object *function, interbind_object *const *args,
    size_t count, interbind_object *names);

/* Calls an overload, with an argument for each parameter in its place: borrowed, and not NULL.
 *
 * A new reference; or NULL with an exception; or NULL without one: an argument doesn't fit, so the next
 * overload is tried. */
typedef interbind_object *(*interbind_call_overload)(interbind_overload *overload, interbind_object *function,
    interbind_object *const *args);

/* ---- Records. ---- */

/* UTF-8 text of another library, borrowed.
 *
 * Frozen for ever. Inside a record: allocated by its maker, valid as long as the record. As an argument: valid
 * for the call. `ptr` may be NULL only when `len` is 0. */
struct interbind_str {
    /* First byte. */
    const uint8_t *ptr;
    /* Bytes, no terminator counted. */
    uint64_t len;
};

/* Starts every record that another library can reach.
 *
 * Frozen for ever on every target. Written before publication, read-only after. */
struct interbind_record_header {
    /* The kind's own magic; anything else is not ours. */
    uint8_t magic[8];
    /* Bytes that the maker wrote, header included. */
    uint32_t struct_size;
    /* Of another major only the frozen head may be read. */
    uint16_t major;
    /* A higher minor only appends. */
    uint16_t minor;
};

/* The part of a core that is readable under every major, so that builds that share nothing else can name each
 * other.
 *
 * Frozen for ever. Written before publication, read-only after. The texts live as long as the record. */
struct interbind_core_head {
    /* Magic `INTERBIND_CORE_MAGIC`. */
    interbind_record_header header;
    /* Random; the interpreter's identity (CPython's own id starts again with each `Py_Initialize`). */
    uint8_t serial[16];
    /* The owning module's name. */
    interbind_str owner_name;
    /* The owning module's version. */
    interbind_str owner_version;
    /* The owning module's file, or empty. */
    interbind_str owner_file;
    /* The owner's platform, as `Platform` parses it. */
    interbind_str platform;
    /* The version of interbind in the owner: what somebody of another major has to upgrade. */
    interbind_str owner_interbind;
};

/* What the state dict's capsule points to.
 *
 * The record itself goes with the last `release`. Functions are called attached, in the core's interpreter;
 * `retain` and `release` may be called on any thread.
 *
 * Frozen for ever: a new capability is a service. */
struct interbind_core {
    /* Frozen under every major. */
    interbind_core_head head;
    /* `INTERBIND_CORE_OPEN` or `INTERBIND_CORE_CLOSING`; moves once. */
    uint32_t state;
    /* Written as zero, never read. */
    uint8_t reserved[4];
    /* `CAPABILITY_…` bits of the owner. */
    uint64_t capabilities;
    /* Adds a user. */
    void (*retain)(interbind_core *core);
    /* Takes a user away; the last one frees core and services. */
    void (*release)(interbind_core *core);
    /* Finds the service of that name and major, or makes it: whoever comes second frees what it built. */
    interbind_status (*service)(interbind_core *core, interbind_str name, uint32_t major,
        interbind_make_service make, void *context, interbind_service_head **out);
    /* Calls `visit` with each service. */
    interbind_status (*list_services)(interbind_core *core, interbind_visit_service visit, void *context);
    /* The owner's own. */
    void *private_;
};

/* Who a module is: the identity that errors and diagnoses print.
 *
 * Append-only. Lives in the module's library until the process ends, texts included. */
struct interbind_owner {
    /* Magic `INTERBIND_OWNER_MAGIC`. */
    interbind_record_header header;
    /* The module's name. */
    interbind_str name;
    /* The module's version. */
    interbind_str version;
    /* The module's file, or empty. */
    interbind_str file;
    /* The build's platform text. */
    interbind_str platform;
    /* The version of interbind it was built with. */
    interbind_str interbind;
    /* The compiler, for people: `rustc 1.95.0`. */
    interbind_str compiler;
};

/* The head of a service's table.
 *
 * Frozen for ever. Made by the `make` that won, freed through `destroy` with the core's last user. */
struct interbind_service_head {
    /* The service's own magic; its major is part of how it's found. */
    interbind_record_header header;
    /* The service's name. */
    interbind_str name;
    /* Who made it; never NULL, valid until the process ends. */
    const interbind_owner *owner;
    /* Lets go of every Python object that the service owns: called once, attached, when the core closes. NULL:
     * it owns none. */
    void (*close)(interbind_service_head *service);
    /* Frees the table and all behind it. Called once, by the core, on any thread. */
    void (*destroy)(interbind_service_head *service);
};

/* The `types` service's table, major 1.
 *
 * Functions are called attached, in the service's interpreter; they run no Python code, except `publish`, which
 * makes an object and puts it into the class, and `unpublish`. None is NULL. A `TypeList` lives as long as the
 * service.
 *
 * Append-only. */
struct interbind_types_service {
    /* Magic `INTERBIND_TYPES_MAGIC`. */
    interbind_service_head head;
    /* Gets the list of that name, empty when it is new. */
    interbind_status (*list)(const interbind_types_service *service, interbind_str name,
        const interbind_type_list **out);
    /* Returns the next live record of this interpreter after `after` (NULL: the first), or NULL. */
    const interbind_type_record *(*next)(const interbind_type_list *list, const interbind_type_record *after);
    /* Publishes a record that its provider has claimed and completed, for that class; on `INTERBIND_FAILED` a
     * Python exception is set. `INTERBIND_DIFFERS`: the record wasn't claimed, or is published for another
     * class or elsewhere. */
    interbind_status (*publish)(const interbind_types_service *service, interbind_type_record *record,
        interbind_object *py_type);
    /* Ends a publication; the class lives on. `INTERBIND_MISSING`: the record isn't published here. */
    interbind_status (*unpublish)(const interbind_types_service *service, interbind_type_record *record);
    /* Calls `visit` with each name. */
    interbind_status (*names)(const interbind_types_service *service,
        interbind_status (*visit)(interbind_str name, const interbind_type_list *list, void *context),
        void *context);
    /* Counts what is alive. */
    interbind_status (*count)(const interbind_types_service *service, interbind_type_counts *out);
    /* Returns the next live record of that Python type after `after` (NULL: the first), or NULL. */
    const interbind_type_record *(*of_type)(const interbind_types_service *service, interbind_object *py_type,
        const interbind_type_record *after);
    /* Turns a pointer to an object of a native class into one to its base of the key `base`, through the bases
     * of all published records. `INTERBIND_MISSING`: it is no base. `INTERBIND_DIFFERS`: it is one more than
     * once. */
    interbind_status (*upcast)(const interbind_types_service *service, const interbind_type_record *record,
        const interbind_type_list *base, void *pointer, void **out);
    /* Returns a new reference to the class of a record that is published in this interpreter, or NULL: it
     * isn't. What calls `wrap` holds the class meanwhile. */
    interbind_object *(*hold)(const interbind_types_service *service, const interbind_type_record *record);
    /* The maker's own. */
    void *private_;
};

/* How many records there are.
 *
 * Frozen with `interbind_types_service` 1.0. */
struct interbind_type_counts {
    /* Records whose Python type is alive. */
    uint64_t live;
    /* Of these, records of types that are never destroyed. */
    uint64_t immortal;
    /* Names that were ever asked for. */
    uint64_t names;
};

/* One type of one provider in one interpreter.
 *
 * Append-only. Written before publication, in a record that was claimed; then `state`, `serial`, `py_type`,
 * `core` and a flag change, by the registry alone, and `data_offset` from 0 to a value, by the provider. */
struct interbind_type_record {
    /* Magic `INTERBIND_TYPE_MAGIC`. */
    interbind_record_header header;
    /* The shared name, as `org.frame.Point`. */
    interbind_str name;
    /* The version as text. */
    interbind_str version_text;
    /* The same version as numbers, so that nobody needs a parser. */
    interbind_version version;
    /* `INTERBIND_KIND_DATA`, `INTERBIND_KIND_INTERFACE` or `INTERBIND_KIND_NATIVE`. */
    uint32_t kind;
    /* One of `ALIASING_…`. */
    uint32_t aliasing;
    /* One of `THREAD_…`. */
    uint32_t thread;
    /* `FLAG_…` bits. */
    uint32_t flags;
    /* How many there are at `bases`. */
    uint32_t base_count;
    /* The interpreter's serial, as two native-endian halves. */
    uint64_t serial[2];
    /* The registered Python type, or NULL. */
    interbind_object *py_type;
    /* Bytes from the object to its data once the provider has verified that it lies inside; else 0. Stated only
     * by frozen classes that any thread may use. */
    int64_t data_offset;
    /* Borrows: the data in a register, or NULL with an exception set. Attached, in the record's interpreter. */
    interbind_borrow_object borrow;
    /* Ends a borrow, with what it gave: exactly once, attached, in the same interpreter; infallible, also while
     * an exception is set. */
    interbind_end_borrow release;
    /* Makes a new object of a copy of `data`: a new reference, or NULL with an exception set. */
    interbind_object *(*wrap)(const interbind_type_record *record, const void *data);
    /* The interface's table. */
    const interbind_table_head *vtable;
    /* The canonical descriptor. */
    interbind_str descriptor;
    /* Who provides the type. */
    const interbind_owner *owner;
    /* The core that it is published in. */
    interbind_core *core;
    /* The native key, as `native` writes it, or empty: the record is found under it too. */
    interbind_str native;
    /* The native base classes. */
    const interbind_base *bases;
    /* One of `STATE_…`: who may use the record. */
    uint32_t state;
    /* Bytes from one of `bases` to the next. */
    uint32_t base_size;
    /* Bytes of the data at its start that the provider promises; 0 for interfaces. */
    uint64_t size;
    /* Written as zero, never read. */
    uint64_t reserved;
};

/* A base class of a native class.
 *
 * Append-only: `base_size` says how far the next one is. Lives in the provider's library until the process
 * ends, the key's text included. */
struct interbind_base {
    /* The base's native key. */
    interbind_str key;
    /* Bytes from the start of the derived object to the base, when there is no `cast`. */
    int64_t offset;
    /* Finds the base in an object, as a virtual one needs; must not call Python, nor unwind. */
    void *(*cast)(void *derived);
};

/* The `instances` service's table, major 1.
 *
 * Functions are called attached, in the service's interpreter. None is NULL. No Python code runs under a lock,
 * and none at all but where said.
 *
 * Append-only. */
struct interbind_instances_service {
    /* Magic `INTERBIND_INSTANCES_MAGIC`. */
    interbind_service_head head;
    /* Parts of the map that are locked apart: a power of two; 1 with a GIL. */
    uint32_t shards;
    /* An address shifted right by so many bits is what chooses the shard. */
    uint32_t shift;
    /* Adds an object that wraps `pointer` as a `key`: complete, and not yet seen by another thread.
     * `INTERBIND_DIFFERS`: it is there already. `INTERBIND_FAILED`: there is no memory, and an exception is
     * set. */
    interbind_status (*insert)(const interbind_instances_service *service, const void *pointer,
        const interbind_type_list *key, interbind_object *object);
    /* Takes exactly this object away, under `key` or, when that is NULL, under all: the first statement of its
     * dealloc. `INTERBIND_MISSING`: it wasn't there. */
    interbind_status (*remove)(const interbind_instances_service *service, const void *pointer,
        const interbind_type_list *key, interbind_object *object);
    /* Finds a living object that wraps `pointer` as a `key`: a new reference. `INTERBIND_MISSING`: there is
     * none. */
    interbind_status (*find)(const interbind_instances_service *service, const void *pointer,
        const interbind_type_list *key, interbind_object **out);
    /* Calls `visit` with each living object that wraps `pointer`, outside every lock. */
    interbind_status (*visit)(const interbind_instances_service *service, const void *pointer,
        interbind_visit_instance visit, void *context);
    /* Keeps `patient` alive as long as `nurse`; without `INTERBIND_NURSE_VISITS` through a weak reference to
     * the nurse. `INTERBIND_FAILED` with an exception: the nurse can't be weakly referenced.
     * `INTERBIND_MISSING`: a patient that is NULL, or None on either side; nothing to do. */
    interbind_status (*keep_alive)(const interbind_instances_service *service, interbind_object *nurse,
        interbind_object *patient, uint32_t flags);
    /* Keeps memory of C alive as long as `nurse`; `free` is called attached, once. What isn't `INTERBIND_OK`
     * leaves the memory with the caller. */
    interbind_status (*attach)(const interbind_instances_service *service, interbind_object *nurse,
        void *payload, void (*free)(void *payload), uint32_t flags);
    /* Visits what a nurse keeps alive: part of its class's `tp_traverse`. Returns the first answer that isn't
     * 0. */
    int (*traverse)(const interbind_instances_service *service, interbind_object *nurse,
        interbind_visit_object visit, void *context);
    /* Lets go of what a nurse keeps alive: part of its class's `tp_clear` and `tp_dealloc`. Runs Python code. */
    interbind_status (*release)(const interbind_instances_service *service, interbind_object *nurse);
    /* Counts what there is. */
    interbind_status (*count)(const interbind_instances_service *service, interbind_instance_counts *out);
    /* Calls `visit` with each living object of the map, outside every lock: for leak reports. */
    interbind_status (*all)(const interbind_instances_service *service, interbind_visit_instance visit,
        void *context);
    /* The maker's own. */
    void *private_;
};

/* How much an `instances` service holds: what a leak report compares.
 *
 * Frozen with `interbind_instances_service` 1.0. */
struct interbind_instance_counts {
    /* Entries of the map. */
    uint64_t entries;
    /* Objects that keep something alive. */
    uint64_t nurses;
    /* What they keep alive. */
    uint64_t patients;
};

/* The `userdata` service's table, major 1.
 *
 * Functions are called attached, in the service's interpreter; none is NULL, and none runs Python code of its
 * own.
 *
 * Append-only. */
struct interbind_userdata_service {
    /* Magic `INTERBIND_USERDATA_MAGIC`. */
    interbind_service_head head;
    /* Finds the datum of that name, or makes it with no lock held: whoever comes second frees what it built.
     *
     * `INTERBIND_MISSING`: there is none, and `make` is NULL. `INTERBIND_DIFFERS`: its kind is another; `out`
     * is not written, and `visit` tells who made it. */
    interbind_status (*get)(const interbind_userdata_service *service, interbind_str name, interbind_str kind,
        const interbind_owner *owner, interbind_make_userdata make, interbind_free_userdata free,
        void *context, void **out);
    /* Calls `visit` with each datum, outside every lock. */
    interbind_status (*visit)(const interbind_userdata_service *service, interbind_visit_userdata visit,
        void *context);
    /* The maker's own. */
    void *private_;
};

/* The `exceptions` service's table, major 1.
 *
 * Functions are called attached, in the service's interpreter; none is NULL.
 *
 * Append-only. */
struct interbind_exceptions_service {
    /* Magic `INTERBIND_EXCEPTIONS_MAGIC`. */
    interbind_service_head head;
    /* Adds a translator in front of the others; `INTERBIND_DIFFERS`: it is registered already. */
    interbind_status (*register_)(const interbind_exceptions_service *service,
        const interbind_translator *translator);
    /* Takes it away; `INTERBIND_MISSING`: it wasn't there. */
    interbind_status (*unregister)(const interbind_exceptions_service *service,
        const interbind_translator *translator);
    /* Asks the translators of that kind, the newest first, until one knows the exception: `INTERBIND_OK`, and a
     * Python exception is set. `INTERBIND_MISSING`: nobody knows it. `INTERBIND_INVALID`: one is set already. */
    interbind_status (*translate)(const interbind_exceptions_service *service, interbind_str kind,
        const void *exception);
    /* Calls `visit` with each translator, the newest first. */
    interbind_status (*visit)(const interbind_exceptions_service *service, interbind_visit_translator visit,
        void *context);
    /* The maker's own. */
    void *private_;
};

/* One module's translator.
 *
 * Append-only. The module's, and its address is its identity; must stay readable, and `translate` callable,
 * until it is unregistered *and* no call of `translate` is under way, or until the service's end. */
struct interbind_translator {
    /* Magic `INTERBIND_TRANSLATOR_MAGIC`. */
    interbind_record_header header;
    /* What the exception pointer leads to, as `c++:exception <key> <descriptor>`: an object of exactly that
     * class, or that part of a derived one, which the module that asks caught as its own class. */
    interbind_str kind;
    /* Who registers it. */
    const interbind_owner *owner;
    /* The module's own. */
    void *context;
    /* Called attached, without a lock and without an exception set; must not unwind. */
    interbind_translate translate;
};

/* The `functions` service's table, major 1.
 *
 * Append-only. */
struct interbind_functions_service {
    /* Magic `INTERBIND_FUNCTIONS_MAGIC`. */
    interbind_service_head head;
    /* The newest class; NULL before the first one is made. */
    interbind_function_class *classes;
    /* The maker's own. */
    void *private_;
};

/* A class of functions: of one version of the record, for one platform text.
 *
 * Append-only. Read-only after publication; there until the service goes. */
struct interbind_function_class {
    /* Magic `INTERBIND_FUNCTION_CLASS_MAGIC`. */
    interbind_record_header header;
    /* The class that was there before; NULL: this is the first. */
    const interbind_function_class *next;
    /* Who made it; never NULL, valid until the process ends. */
    const interbind_owner *owner;
    /* The platform text of the builds that may make objects of it. */
    interbind_str platform;
    /* The class, owned. */
    interbind_object *python;
    /* Bytes from the start of an object to its record. */
    uint64_t offset;
    /* The version of the record: its major, and its minor. */
    uint32_t major;
    /* The minor. */
    uint32_t minor;
    /* Frees this record; called once, attached, after the class was let go. */
    void (*free)(interbind_function_class *record);
    /* The maker's own. */
    void *private_;
};

/* The part of a function object that other builds read.
 *
 * A version is a layout of the whole object. A higher minor only appends; objects are always of their class's. */
struct interbind_function_record {
    /* Magic `INTERBIND_FUNCTION_MAGIC`. */
    interbind_record_header header;
    /* How Python calls the object; never NULL. */
    interbind_vectorcall vectorcall;
    /* The overload that is tried first, owned; NULL in a function that stands for a module. */
    interbind_overload *first;
    /* The newest native entry, owned; NULL if there are no entries. */
    interbind_native_entry *natives;
    /* What keeps the maker's memory, as its module object does: owned; NULL: nothing is needed. */
    interbind_object *home;
    /* `__name__`, a `str`, owned. */
    interbind_object *name;
    /* `__qualname__`, a `str`, owned. */
    interbind_object *qualname;
    /* `__module__`, any object, owned; NULL when it was deleted. */
    interbind_object *module;
    /* `__doc__` when it was set, owned; NULL: it is made of the overloads. */
    interbind_object *doc;
    /* `__dict__`; NULL until it is needed. */
    interbind_object *dict;
    /* The weak references. */
    interbind_object *weakrefs;
    /* `FUNCTION_IS_MODULE`, or 0. */
    uint32_t flags;
    /* Zero. */
    uint8_t reserved[4];
    /* The maker's own. */
    void *private_;
};

/* One way to call a function.
 *
 * Append-only. Made and freed by the module whose function it is; what is behind it is that module's own. */
struct interbind_overload {
    /* Magic `INTERBIND_OVERLOAD_MAGIC`. */
    interbind_record_header header;
    /* The one that is tried next; NULL: this is the last. */
    interbind_overload *next;
    /* Converts the arguments and calls. */
    interbind_call_overload call;
    /* The parameters; NULL is allowed for a function without parameters. */
    interbind_parameter *parameters;
    /* How many there are. */
    uint32_t count;
    /* How many of them, from the first, may be given by place. */
    uint32_t places;
    /* What people call the result's type; may be empty. */
    interbind_str result;
    /* Its documentation; may be empty. */
    interbind_str doc;
    /* Visits the Python objects behind it; NULL if it has none. */
    int (*traverse)(interbind_overload *overload, interbind_visit_object visit, void *context);
    /* Lets go of those that may lead back to the function; NULL if it has none. */
    void (*clear)(interbind_overload *overload);
    /* Frees it, and what is behind it: called once, attached. */
    void (*free)(interbind_overload *overload);
    /* The maker's own. */
    void *private_;
};

/* What a parameter is: part of an overload.
 *
 * Belongs to the version of `INTERBIND_FUNCTION_MAGIC`: one behind another, so it never grows. */
struct interbind_parameter {
    /* Its name, an interned `str`, owned; NULL: it has none. */
    interbind_object *name;
    /* What it is when it isn't given, owned; NULL: it must be given. */
    interbind_object *fallback;
    /* What people call its type; may be empty. */
    interbind_str text;
    /* One of `PARAMETER_…`, and never less than that of the one before. */
    uint32_t kind;
    /* 1: the collector follows nothing in `fallback`, which stays as long as the function; 0: it may be taken
     * away. */
    uint32_t stays;
};

/* A C function behind a Python function, which other builds may call.
 *
 * Append-only. Read-only after publication, and never taken away as long as its function lives. */
struct interbind_native_entry {
    /* Magic `INTERBIND_NATIVE_ENTRY_MAGIC`. */
    interbind_record_header header;
    /* The entry that was there before; NULL: this is the first. */
    const interbind_native_entry *next;
    /* Its type, as C's declarations without names, in the one canonical form. */
    interbind_str signature;
    /* The function; never NULL. */
    const void *function;
    /* What must live as long as the function may be called, owned; NULL: nothing. */
    interbind_object *keep;
    /* Frees the entry's memory: called once, attached, after `keep` was let go. NULL: it is a static. */
    void (*free)(interbind_native_entry *entry);
};

/* What the state dict's capsule `INTERBIND_KEY_RUNTIME` points to.
 *
 * Functions are called attached, in the interpreter that they speak of; none is NULL, and none unwinds. Where
 * one returns another status than `INTERBIND_OK`, an exception is set and nothing was written.
 *
 * Append-only. A static of the runtime's library: it lives until the process ends. */
struct interbind_runtime {
    /* Magic `INTERBIND_RUNTIME_MAGIC`. */
    interbind_record_header header;
    /* Who it is: the owner of the cores and services that it makes. */
    const interbind_owner *owner;
    /* Holds a module's build against the running Python, and finds core and services or makes them. Adds a user
     * to the core, whom the caller takes away with the core's own `release`. */
    interbind_status (*bind)(const interbind_runtime *runtime, const interbind_owner *module,
        interbind_core **core, const interbind_types_service **types);
    /* Finds the record that an object fits, and judges it in the order of the check. */
    interbind_status (*judge)(const interbind_runtime *runtime, const interbind_expectation *expectation,
        interbind_object *object, const interbind_type_record **out);
    /* Finds the record through which new objects of a type are made. */
    interbind_status (*maker)(const interbind_runtime *runtime, const interbind_expectation *expectation,
        const interbind_type_record **out);
    /* Raises a refusal; what is set already becomes its cause. */
    void (*refuse)(const interbind_runtime *runtime, const interbind_refusal_record *refusal);
};

/* What a consumer expects of a type.
 *
 * Append-only, and a minor of it comes with a minor of `interbind_runtime`: which fields are read, the table's
 * version says. The consumer's, read during the call only. */
struct interbind_expectation {
    /* Magic `INTERBIND_EXPECTATION_MAGIC`. */
    interbind_record_header header;
    /* Who expects it. */
    const interbind_owner *consumer;
    /* The current interpreter's core. */
    interbind_core *core;
    /* Its registry. */
    const interbind_types_service *types;
    /* The registry's list of the type's name. */
    const interbind_type_list *list;
    /* The shared name, or the native key. */
    interbind_str name;
    /* The descriptor that the consumer was built with. */
    interbind_str descriptor;
    /* The requirement as it was written, for messages. */
    interbind_str requirement_text;
    /* The module whose class new objects are of; empty: any module's. */
    interbind_str from;
    /* The least version that will do. */
    interbind_version least;
    /* The first version that won't. */
    interbind_version below;
    /* One of `KIND_…`. */
    uint32_t kind;
    /* Written as zero, never read. */
    uint8_t reserved[4];
    /* What the data's address is a multiple of: a power of two, in bytes. */
    uint64_t align;
};

/* What is said when a module refuses something by itself.
 *
 * Append-only, and a minor of it comes with a minor of `interbind_runtime`. The caller's, read during the call
 * only. */
struct interbind_refusal_record {
    /* Magic `INTERBIND_REFUSAL_MAGIC`. */
    interbind_record_header header;
    /* The exception's class, one of `…_ERROR`; a TypeError for what the runtime doesn't know. */
    uint32_t exception;
    /* Which sides there are: `SIDE_…` bits. */
    uint32_t sides;
    /* The `Reason`'s slug. */
    interbind_str reason;
    /* Lines: what failed, the differing parts, what one can do; `{0}` to `{9}` stand for the values. */
    interbind_str text;
    /* The values. */
    const interbind_str *values;
    /* How many values there are, at most 10. */
    uint64_t count;
    /* Who provides. */
    const interbind_owner *provider;
    /* Who consumes. */
    const interbind_owner *consumer;
};

/* The head of an interface's table; `slots` function pointers follow it.
 *
 * A slot is `Option<unsafe extern "C" fn(this: *const c_void, …arguments…, out: *mut R, fault: *mut Fault)
 * -> Status>`; `out` is written only with `INTERBIND_OK`.
 *
 * Frozen for ever. Lives in the provider's library until the process ends; read-only. */
struct interbind_table_head {
    /* Magic `INTERBIND_TABLE_MAGIC`; `struct_size` covers the slots. */
    interbind_record_header header;
    /* How many slots follow. */
    uint64_t slots;
};

/* Elements of another library, borrowed for the call.
 *
 * Frozen for ever. `ptr` may be NULL only when `len` is 0. */
struct interbind_slice {
    /* First element, aligned for its type. */
    const void *ptr;
    /* Elements. */
    uint64_t len;
    /* Bytes from one element to the next. */
    uint64_t stride;
};

/* A buffer that its receiver reads and then gives back to its maker.
 *
 * Frozen for ever. `drop` frees everything behind `ptr`; called exactly once, on any thread. NULL: nothing to
 * free. */
struct interbind_owned {
    /* First element, aligned for its type; NULL only when `len` is 0. */
    void *ptr;
    /* Elements. */
    uint64_t len;
    /* The maker's own; elements that the allocation holds, for `Vec`. */
    uint64_t cap;
    /* The maker's function that frees it. */
    void (*drop)(interbind_owned *owned);
};

/* Why a call failed: data, so that an interface can be called detached.
 *
 * Frozen for ever. Uninitialised when passed; a callee that returns `INTERBIND_FAULT` has written all of it,
 * and the caller owns `message` and `exception`. */
struct interbind_fault {
    /* `code`, or one that only a newer build knows. */
    uint32_t code;
    /* Written as zero, never read. */
    uint8_t reserved[4];
    /* The reason's slug; lives as long as the process. */
    interbind_str reason;
    /* UTF-8 for people. */
    interbind_owned message;
    /* A Python exception, owned, only when the callee was attached; else NULL. */
    void *exception;
};

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_ABI_H */
