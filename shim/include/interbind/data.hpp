/* Plain data that Rust and C read too: the layout of a C++ struct as the canonical text, made from the struct itself.
 *
 * At global namespace, in the order of declaration:
 *
 *     namespace frame { struct Point { double x, y; }; }
 *     INTERBIND_DATA(frame::Point, "org.frame.Point", "1.2.0", x, y)
 *
 * Fields are fixed-width numbers, `bool`, `char32_t`, arrays, `interbind::reserved<N>`, enums with `INTERBIND_ENUM`, and other
 * structs with `INTERBIND_DATA`. What can't be shared is a compile error: padding that no field stands for, pointers, virtual
 * functions, a wrong order. */
#ifndef INTERBIND_DATA_HPP
#define INTERBIND_DATA_HPP

#include <interbind/each.hpp>
#include <interbind/publish.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
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

template <typename F> struct data_type {
    static void add(std::string &out) {
        if constexpr (std::is_same_v<F, bool>) {
            out += "bool";
        } else if constexpr (std::is_same_v<F, char32_t>) {
            out += "char";
        } else if constexpr (std::is_integral_v<F>) {
            static_assert(sizeof(F) <= 8, "integers have 64 bits at most");
            out += std::is_signed_v<F> ? 'i' : 'u';
            out += std::to_string(8 * sizeof(F));
        } else if constexpr (std::is_floating_point_v<F>) {
            static_assert(sizeof(F) == 4 || sizeof(F) == 8, "floats have 32 or 64 bits");
            out += sizeof(F) == 4 ? "f32" : "f64";
        } else {
            static_assert(data<F>::is_shared, "a field of shared data is a number, an array, `interbind::reserved<N>`, or a "
                                              "type with INTERBIND_DATA or INTERBIND_ENUM");
            data<F>::add(out);
        }
    }
};
template <typename F, std::size_t N> struct data_type<F[N]> {
    static void add(std::string &out) {
        out += '[';
        data_type<F>::add(out);
        out += "; " + std::to_string(N) + ']';
    }
};
template <typename F, std::size_t N> struct data_type<std::array<F, N>> : data_type<F[N]> {
    static_assert(sizeof(std::array<F, N>) == N * sizeof(F), "an array has no padding");
};
template <std::size_t N> struct data_type<reserved<N>> {
    static_assert(sizeof(reserved<N>) == N, "as many bytes as it says");
    static void add(std::string &out) { out += "reserved " + std::to_string(N); }
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

} // namespace detail

/* The canonical descriptor of plain data; lives until the process ends. */
template <typename T>
const char *layout() {
    static const std::string *const text = [] {
        auto *made = new std::string();
        data<T>::add(*made);
        return made;
    }();
    return text->c_str();
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
        static void add(std::string &out) { \
            const char *separator = " "; \
            out += "data " shared_name " size " + std::to_string(sizeof(T)) + " align " + std::to_string(alignof(T)) + " {"; \
            INTERBIND_EACH(INTERBIND_ADD_DATA, T, __VA_ARGS__) \
            out += " }"; \
        } \
    }; \
    }
#define INTERBIND_SIZE_OF(T, field) +sizeof(T::field)
#define INTERBIND_OFFSET_OF(T, field) offsetof(T, field),
#define INTERBIND_ADD_DATA(T, field) \
    out += separator; \
    separator = "; "; \
    out += #field ": "; \
    detail::data_type<std::remove_cv_t<decltype(T::field)>>::add(out); \
    out += " @" + std::to_string(offsetof(T, field));

/* Says that an enum is shared: all its variants, in the order of declaration. At global namespace. */
#define INTERBIND_ENUM(T, ...) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct data<T> { \
        static_assert(std::is_enum_v<T>, "INTERBIND_ENUM is for enums"); \
        static constexpr bool is_shared = true; \
        static void add(std::string &out) { \
            const char *separator = " "; \
            out += "enum "; \
            detail::data_type<std::underlying_type_t<T>>::add(out); \
            out += " {"; \
            INTERBIND_EACH(INTERBIND_ADD_VARIANT, T, __VA_ARGS__) \
            out += " }"; \
        } \
    }; \
    }
#define INTERBIND_ADD_VARIANT(T, variant) \
    out += separator; \
    separator = ", "; \
    out += #variant " = " + std::to_string(+static_cast<std::underlying_type_t<T>>(T::variant));

#endif /* INTERBIND_DATA_HPP */
