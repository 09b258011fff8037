/* A layout in C that can't differ from the struct it is of: one list of fields makes the descriptor, the struct, and the checks of any
 * other struct that is to lie so. For fields that are numbers; what else there is, a descriptor says by hand.
 *
 *     #define POINT_FIELDS(first, next) first(x, f64, 0) next(y, f64, 8)
 *
 *     INTERBIND_STRUCT(geo_point, 16, 8, POINT_FIELDS);
 *     #define POINT_LAYOUT INTERBIND_LAYOUT("org.example.Point", 16, 8, POINT_FIELDS)
 *
 * A field is its name, its type's word in a descriptor, and its place. A field that lies elsewhere or has another type, and bytes
 * that belong to none, don't compile. */
#ifndef INTERBIND_FIELDS_H
#define INTERBIND_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#include <type_traits>
#endif

/* The C type behind a descriptor's word. */
#define INTERBIND_C_i8 int8_t
#define INTERBIND_C_i16 int16_t
#define INTERBIND_C_i32 int32_t
#define INTERBIND_C_i64 int64_t
#define INTERBIND_C_u8 uint8_t
#define INTERBIND_C_u16 uint16_t
#define INTERBIND_C_u32 uint32_t
#define INTERBIND_C_u64 uint64_t
#define INTERBIND_C_f32 float
#define INTERBIND_C_f64 double

/* The descriptor of data: its shared name as a literal, its size and alignment, the list of its fields. */
#define INTERBIND_LAYOUT(name, size, align, fields) \
    "data " name " size " #size " align " #align " {" fields(INTERBIND_FIELD_TEXT, INTERBIND_NEXT_TEXT) " }"
#define INTERBIND_FIELD_TEXT(field, word, at) " " #field ": " #word " @" #at
#define INTERBIND_NEXT_TEXT(field, word, at) "; " #field ": " #word " @" #at

/* Declares a struct that lies as the list says. */
#define INTERBIND_STRUCT(name, size, align, fields) \
    typedef struct name { \
        fields(INTERBIND_FIELD_MEMBER, INTERBIND_FIELD_MEMBER) \
    } name; \
    static inline void name##_lies_so(void) { \
        INTERBIND_FIELDS_CHECK(name, size, fields); \
        INTERBIND_FIELD_ASSERT(sizeof(name) == (size), "the size is another than that of the fields"); \
    } \
    INTERBIND_FIELD_ASSERT(INTERBIND_FIELD_ALIGN(name) == (align), "the alignment is another")
#define INTERBIND_FIELD_MEMBER(field, word, at) INTERBIND_C_##word field;

/* Doesn't compile unless these fields of a struct have these types, lie so behind the first one, and fill that many bytes. A
 * statement: where other fields may come before, as in the struct of a `cdef class`. */
#define INTERBIND_FIELDS_CHECK(type, size, fields) \
    do { \
        typedef type interbind_checked; \
        enum { interbind_start = fields(INTERBIND_FIELD_START, INTERBIND_FIELD_NOTHING) }; \
        fields(INTERBIND_FIELD_CHECK, INTERBIND_FIELD_CHECK) \
        INTERBIND_FIELD_ASSERT(0 fields(INTERBIND_FIELD_SIZE, INTERBIND_FIELD_SIZE) == (size), \
            "the size is another than that of the fields"); \
    } while (0)
#define INTERBIND_FIELD_START(field, word, at) offsetof(interbind_checked, field) - (at)
#define INTERBIND_FIELD_NOTHING(field, word, at)
#define INTERBIND_FIELD_SIZE(field, word, at) + sizeof(INTERBIND_C_##word)
#define INTERBIND_FIELD_CHECK(field, word, at) \
    INTERBIND_FIELD_ASSERT(offsetof(interbind_checked, field) - interbind_start == (at), \
        "`" #field "` lies elsewhere than the layout says"); \
    INTERBIND_FIELD_ASSERT(INTERBIND_FIELD_IS(interbind_checked, field, INTERBIND_C_##word), \
        "`" #field "` has another type than `" #word "`");
#ifdef __cplusplus
#define INTERBIND_FIELD_ASSERT(what, text) static_assert(what, text)
#define INTERBIND_FIELD_ALIGN(type) alignof(type)
#define INTERBIND_FIELD_IS(type, field, is) (std::is_same<decltype(((type *)nullptr)->field), is>::value)
#else
#define INTERBIND_FIELD_ASSERT(what, text) _Static_assert(what, text)
#define INTERBIND_FIELD_ALIGN(type) _Alignof(type)
#define INTERBIND_FIELD_IS(type, field, is) _Generic(((type *)0)->field, is: 1, default: 0)
#endif

#endif /* INTERBIND_FIELDS_H */
