/* Plain data that Rust and C read too: the layout of a C++ struct as the canonical text, made from the struct itself.
 *
 * At global namespace, in the order of declaration:
 *
 *     namespace frame { struct Point { double x, y; }; }
 *     INTERBIND_DATA(frame::Point, "org.frame.Point", "1.2.0", x, y)
 *
 * Fields are fixed-width numbers, `bool`, `char32_t`, arrays, `interbind::reserved<N>`, enums with `INTERBIND_ENUM`, and other
 * structs with `INTERBIND_DATA`. What can't be shared is a compile error: padding that no field stands for, pointers, virtual
 * functions, a wrong order. The text is in the file too, as the type's build note: what reads files compares layouts by it. */
#ifndef INTERBIND_DATA_HPP
#define INTERBIND_DATA_HPP

#include <interbind/each.hpp>
#include <interbind/note.h>
#include <interbind/publish.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace interbind {

/* Declared padding: written as zero, and never read. A field of the author's structs, so as visible as they are. */
template <std::size_t N> struct reserved {
    unsigned char bytes[N] = {};
};

} // namespace interbind

namespace interbind INTERBIND_HIDDEN {

/* What is shared of T; `INTERBIND_DATA` and `INTERBIND_ENUM` specialise it. */
template <typename T> struct data {
    static constexpr bool is_shared = false;
};

namespace detail {

/* What a text is written to: its bytes are counted first, then kept, with a zero behind them. */
struct counted {
    std::size_t bytes = 0;
    constexpr void put(char) { ++bytes; }
};
template <std::size_t N> struct written {
    char text[N] = {};
    std::size_t bytes = 0;
    constexpr void put(char byte) { text[bytes++] = byte; }
};

template <typename Out> constexpr void add_text(Out &out, const char *text) {
    for (; *text != '\0'; ++text) {
        out.put(*text);
    }
}

template <typename Out> constexpr void add_number(Out &out, std::uint64_t number) {
    if (number >= 10) {
        add_number(out, number / 10);
    }
    out.put(static_cast<char>('0' + number % 10));
}

template <typename Out, typename I> constexpr void add_integer(Out &out, I integer) {
    auto number = static_cast<std::uint64_t>(integer);
    if constexpr (std::is_signed_v<I>) {
        if (integer < 0) {
            out.put('-');
            number = 0 - number;
        }
    }
    add_number(out, number);
}

template <typename F> struct data_type {
    template <typename Out> static constexpr void add(Out &out) {
        if constexpr (std::is_same_v<F, bool>) {
            add_text(out, "bool");
        } else if constexpr (std::is_same_v<F, char32_t>) {
            add_text(out, "char");
        } else if constexpr (std::is_integral_v<F>) {
            static_assert(sizeof(F) <= 8, "integers have 64 bits at most");
            out.put(std::is_signed_v<F> ? 'i' : 'u');
            add_number(out, 8 * sizeof(F));
        } else if constexpr (std::is_floating_point_v<F>) {
            static_assert(sizeof(F) == 4 || sizeof(F) == 8, "floats have 32 or 64 bits");
            add_text(out, sizeof(F) == 4 ? "f32" : "f64");
        } else {
            static_assert(data<F>::is_shared, "a field of shared data is a number, an array, `interbind::reserved<N>`, or a "
                                              "type with INTERBIND_DATA or INTERBIND_ENUM");
            data<F>::add(out);
        }
    }
};
template <typename F, std::size_t N> struct data_type<F[N]> {
    template <typename Out> static constexpr void add(Out &out) {
        out.put('[');
        data_type<F>::add(out);
        add_text(out, "; ");
        add_number(out, N);
        out.put(']');
    }
};
template <typename F, std::size_t N> struct data_type<std::array<F, N>> : data_type<F[N]> {
    static_assert(sizeof(std::array<F, N>) == N * sizeof(F), "an array has no padding");
};
template <std::size_t N> struct data_type<reserved<N>> {
    static_assert(sizeof(reserved<N>) == N, "as many bytes as it says");
    template <typename Out> static constexpr void add(Out &out) {
        add_text(out, "reserved ");
        add_number(out, N);
    }
};

/* Reads the major of a version, which is three numbers. */
constexpr std::uint32_t major_of(const char *version) {
    std::uint32_t major = 0;
    for (; *version >= '0' && *version <= '9'; ++version) {
        major = 10 * major + static_cast<std::uint32_t>(*version - '0');
    }
    return major;
}

/* Tells whether offsets rise: the fields stand in the order of declaration. */
template <std::size_t N> constexpr bool rise(const std::size_t (&offsets)[N]) {
    for (std::size_t i = 1; i < N; ++i) {
        if (offsets[i - 1] >= offsets[i]) {
            return false;
        }
    }
    return true;
}

template <typename T> constexpr std::size_t bytes_of_layout() {
    counted out;
    data<T>::add(out);
    return out.bytes;
}

template <typename T> constexpr written<bytes_of_layout<T>() + 1> write_layout() {
    written<bytes_of_layout<T>() + 1> out;
    data<T>::add(out);
    return out;
}

template <typename T> struct layout_of {
    static constexpr auto value = write_layout<T>();
};

/* The text of a type's build note. */
template <typename T, typename Out> constexpr void add_note(Out &out) {
    add_text(out, data<T>::version);
    out.put('\n');
    data<T>::add(out);
}

template <typename T> constexpr std::size_t bytes_of_note() {
    counted out;
    add_note<T>(out);
    return INTERBIND_NOTE_ROUNDED(out.bytes + 1);
}

/* A type's build note, as it is in the file. */
template <typename T> struct type_note {
    std::uint32_t name_bytes = 10;
    std::uint32_t text_bytes = bytes_of_note<T>();
    std::uint32_t type = 2;
    char name[12] = "interbind";
    char said[bytes_of_note<T>()] = {};

    constexpr type_note() {
        written<bytes_of_note<T>()> out;
        add_note<T>(out);
        for (std::size_t at = 0; at < out.bytes; ++at) {
            said[at] = out.text[at];
        }
    }
};

/* Has the note of a type. Each source has its own, which no other sees. */
INTERBIND_NOTE_ALONE template <typename T> struct has_note;
INTERBIND_NOTE_ALONE_END

} // namespace detail

/* The canonical descriptor of plain data. */
template <typename T>
constexpr const char *layout() {
    return detail::layout_of<T>::value.text;
}

/* Says of a class that is published as plain data what follows from T: kind, name, version, descriptor, size. */
template <typename T>
void describe_data(interbind_class &type) {
    type.name = data<T>::name;
    type.version = data<T>::version;
    type.descriptor = layout<T>();
    type.kind = INTERBIND_KIND_DATA;
    type.size = sizeof(T);
}

} // namespace interbind

/* Says that a struct is shared: its shared name, its version, and all its fields. At global namespace. */
#define INTERBIND_DATA(T, shared_name, its_version, ...) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct data<T> { \
        static_assert(std::is_standard_layout_v<T> && std::is_trivially_copyable_v<T>, "shared data is plain data"); \
        static_assert(alignof(T) <= 16, "shared data is aligned to 16 bytes at most"); \
        static_assert((0 INTERBIND_EACH(INTERBIND_SIZE_OF, T, __VA_ARGS__)) == sizeof(T), \
            "each byte of shared data belongs to a field: padding is an interbind::reserved<N>"); \
        static_assert(detail::rise({INTERBIND_EACH(INTERBIND_OFFSET_OF, T, __VA_ARGS__) sizeof(T)}), \
            "fields stand in the order of declaration"); \
        static constexpr bool is_shared = true; \
        static constexpr const char *name = shared_name; \
        static constexpr const char *version = its_version; \
        template <typename Out> static constexpr void add(Out &out) { \
            const char *separator = " "; \
            detail::add_text(out, "data " shared_name " size "); \
            detail::add_number(out, sizeof(T)); \
            detail::add_text(out, " align "); \
            detail::add_number(out, alignof(T)); \
            detail::add_text(out, " {"); \
            INTERBIND_EACH(INTERBIND_ADD_DATA, T, __VA_ARGS__) \
            detail::add_text(out, " }"); \
        } \
    }; \
    namespace detail { \
    INTERBIND_NOTE_ALONE template <> struct has_note<T> { \
        static const type_note<T> note; \
    }; \
    INTERBIND_NOTE_SECTION const type_note<T> has_note<T>::note; \
    INTERBIND_NOTE_ALONE_END \
    } \
    }
#define INTERBIND_SIZE_OF(T, field) +sizeof(T::field)
#define INTERBIND_OFFSET_OF(T, field) offsetof(T, field),
#define INTERBIND_ADD_DATA(T, field) \
    detail::add_text(out, separator); \
    separator = "; "; \
    detail::add_text(out, #field ": "); \
    detail::data_type<std::remove_cv_t<decltype(T::field)>>::add(out); \
    detail::add_text(out, " @"); \
    detail::add_number(out, offsetof(T, field));

/* Says that an enum is shared: all its variants, in the order of declaration. At global namespace. */
#define INTERBIND_ENUM(T, ...) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct data<T> { \
        static_assert(std::is_enum_v<T>, "INTERBIND_ENUM is for enums"); \
        static constexpr bool is_shared = true; \
        template <typename Out> static constexpr void add(Out &out) { \
            const char *separator = " "; \
            detail::add_text(out, "enum "); \
            detail::data_type<std::underlying_type_t<T>>::add(out); \
            detail::add_text(out, " {"); \
            INTERBIND_EACH(INTERBIND_ADD_VARIANT, T, __VA_ARGS__) \
            detail::add_text(out, " }"); \
        } \
    }; \
    }
#define INTERBIND_ADD_VARIANT(T, variant) \
    detail::add_text(out, separator); \
    separator = ", "; \
    detail::add_text(out, #variant " = "); \
    detail::add_integer(out, static_cast<std::underlying_type_t<T>>(T::variant));

#endif /* INTERBIND_DATA_HPP */
