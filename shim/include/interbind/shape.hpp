/* The shape of a C++ class: what two modules compare before one reads an object of the other's.
 *
 * A name and a compiler aren't enough: two modules that were built against two versions of one library mean two classes by one
 * name. So the descriptor of a native class says its size, its alignment and whether it has virtual functions; and, where the
 * class's author says more, a tag, the bases and the fields. All of it belongs beside the class, in the header that every
 * module includes, at global namespace:
 *
 *     namespace geo { struct Shape : Named { double x, y; }; }
 *     INTERBIND_TAG(geo::Shape, "2.0")
 *     INTERBIND_BASES(geo::Shape, geo::Named)
 *     INTERBIND_FIELDS(geo::Shape, x, y)
 *
 * A tag, moved with each change, covers what the rest can't see: what a field means, the order of virtual functions, what
 * stands behind a pointer. Fields are public and no bit-fields. */
#ifndef INTERBIND_SHAPE_HPP
#define INTERBIND_SHAPE_HPP

#include <interbind/each.hpp>
#include <interbind/key.hpp>
#include <interbind/platform.h>
#include <interbind/publish.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <typeinfo>

namespace interbind INTERBIND_HIDDEN {

/* What the author of T says of it; the macros below specialise these three. */
template <typename T> struct shape_tag {
    static void add(std::string &) {}
};
template <typename T> struct shape_bases {
    static void add(std::string &) {}
    static const interbind_base *records(const interbind_owner &) { return nullptr; }
    static constexpr std::uint32_t count = 0;
};
template <typename T> struct shape_fields {
    static void add(std::string &) {}
};

namespace detail {

/* Tells whether a text is a word: no spaces, no control characters, ASCII. */
constexpr bool is_word(const char *text) {
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; ++text) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* Adds a compiler's name of a type as a word. */
inline void add_name(std::string &out, const char *name) {
    for (; *name != '\0'; ++name) {
        out += *name <= ' ' || *name > '~' ? '_' : *name;
    }
}

/* Adds what a field is: a number by its kind and bits, whatever the compiler calls it, else its type's name. */
template <typename F> void add_type(std::string &out) {
    if constexpr (std::is_same_v<F, bool>) {
        out += "bool";
    } else if constexpr (std::is_integral_v<F>) {
        out += std::is_signed_v<F> ? 'i' : 'u';
        out += std::to_string(8 * sizeof(F));
    } else if constexpr (std::is_floating_point_v<F>) {
        out += 'f';
        out += std::to_string(8 * sizeof(F));
    } else {
        add_name(out, typeid(F).name());
    }
}

/* Memory of the size of a T, which never is one: offsets are told by addresses in it. */
template <typename T> T *nobody() {
    alignas(T) static unsigned char room[sizeof(T)];
    return reinterpret_cast<T *>(room);
}

inline void add_offset(std::string &out, const volatile void *start, const volatile void *part) {
    out += '@';
    out += std::to_string(static_cast<const volatile char *>(part) - static_cast<const volatile char *>(start));
}

template <typename T, typename C, typename F> void add_field(std::string &out, const char *name, F C::*member) {
    static_assert(!std::is_function_v<F>, "a field is data");
    out += out.empty() ? "" : ",";
    out += name;
    out += ':';
    add_type<std::remove_cv_t<F>>(out);
    const T *start = nobody<T>();
    add_offset(out, start, std::addressof(start->*member));
}

/* Tells whether B is a virtual base of T: then there is no way back. */
template <typename T, typename B, typename = void> struct is_virtual_base : std::true_type {};
template <typename T, typename B>
struct is_virtual_base<T, B, std::void_t<decltype(static_cast<T *>(std::declval<B *>()))>> : std::false_type {};

template <typename T, typename B> void add_base(std::string &out) {
    static_assert(std::is_base_of_v<B, T> && !std::is_same_v<B, T>, "a base is one that the class inherits from");
    out += out.empty() ? "" : ",";
    add_name(out, typeid(B).name());
    if constexpr (is_virtual_base<T, B>::value) {
        out += "@virtual";
    } else {
        T *start = nobody<T>();
        add_offset(out, start, static_cast<B *>(start));
    }
}

template <typename T, typename B> void *to_base(void *derived) noexcept {
    return static_cast<B *>(static_cast<T *>(derived));
}

template <typename T, typename... B> const interbind_base *base_records(const interbind_owner &owner) {
    static const interbind_base *const records =
        new interbind_base[sizeof...(B)]{{interbind_str_of(key_of<B>(owner)), 0, to_base<T, B>}...};
    return records;
}

inline void add_part(std::string &out, const char *key, const std::string &value) {
    if (!value.empty()) {
        out += key;
        out += value;
    }
}

template <typename T> std::string description() {
    std::string out = INTERBIND_CXX_ABI, part;
    out += " size=" + std::to_string(sizeof(T)) + " align=" + std::to_string(alignof(T));
    out += std::is_polymorphic_v<T> ? " polymorphic=yes" : " polymorphic=no";
    shape_tag<T>::add(out);
    shape_bases<T>::add(part);
    add_part(out, " ~bases=", part);
    part.clear();
    shape_fields<T>::add(part);
    add_part(out, " ~fields=", part);
    return out;
}

} // namespace detail

/* The native descriptor of a class: the ABI of this build's C++, and the class's shape. Lives until the process ends. */
template <typename T>
const char *describe() {
    static const char *const text = detail::kept(detail::description<T>());
    return text;
}

/* Says of a class that is published natively what follows from T: kind, key, descriptor, size and bases. Where it has no name
 * yet, the key is its name. */
template <typename T>
void describe(interbind_class &type, const interbind_owner &owner) {
    type.native = key_of<T>(owner);
    type.name = type.name == nullptr ? type.native : type.name;
    type.descriptor = describe<T>();
    type.kind = INTERBIND_KIND_NATIVE;
    type.size = sizeof(T);
    type.bases = shape_bases<T>::records(owner);
    type.base_count = shape_bases<T>::count;
}

} // namespace interbind

/* Says which declaration of a class this is: a word, as a version. At global namespace. */
#define INTERBIND_TAG(T, word) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct shape_tag<T> { \
        static_assert(detail::is_word(word), "a tag is one word of ASCII"); \
        static void add(std::string &out) { out += " tag=" word; } \
    }; \
    }

/* Says which classes a class inherits from directly. At global namespace. */
#define INTERBIND_BASES(T, ...) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct shape_bases<T> { \
        static void add(std::string &out) { INTERBIND_EACH(INTERBIND_ADD_BASE, T, __VA_ARGS__) } \
        static const interbind_base *records(const interbind_owner &owner) { \
            return detail::base_records<T, __VA_ARGS__>(owner); \
        } \
        static constexpr std::uint32_t count = 0 INTERBIND_EACH(INTERBIND_ONE_MORE, T, __VA_ARGS__); \
    }; \
    }
#define INTERBIND_ADD_BASE(T, B) detail::add_base<T, B>(out);
#define INTERBIND_ONE_MORE(T, B) +1

/* Says which fields a class has, in order. At global namespace. */
#define INTERBIND_FIELDS(T, ...) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct shape_fields<T> { \
        static void add(std::string &out) { INTERBIND_EACH(INTERBIND_ADD_FIELD, T, __VA_ARGS__) } \
    }; \
    }
#define INTERBIND_ADD_FIELD(T, field) detail::add_field<T>(out, #field, &T::field);

#endif /* INTERBIND_SHAPE_HPP */
