/* The native key of a C++ class: the same in every module that means the same class, and never another module's.
 *
 * The compiler's name of a class is one for the whole process only if the class has linkage. One in an anonymous namespace, a
 * local one or a lambda's may have the same name in two libraries and be two classes: its key ends in `@` and the module's
 * name. Whether it is one is read from the name. What isn't understood counts as a module's own: that costs sharing, the
 * other mistake would cost memory. */
#ifndef INTERBIND_KEY_HPP
#define INTERBIND_KEY_HPP

#include <interbind/abi.h>
#include <interbind/compiler.h>

#include <cstring>
#include <string>
#include <string_view>
#include <typeinfo>

namespace interbind INTERBIND_HIDDEN {
namespace detail {

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/* Goes over digits and the `_` behind them. */
inline bool skip_number(const char *&at) noexcept {
    while (is_digit(*at)) {
        ++at;
    }
    return *at == '_' ? (++at, true) : false;
}

/* Goes over an identifier with its length in front; false for that of an anonymous namespace. */
inline bool skip_identifier(const char *&at) noexcept {
    std::size_t length = 0;
    while (is_digit(*at) && length < 1000000) {
        length = 10 * length + static_cast<std::size_t>(*at++ - '0');
    }
    if (std::strlen(at) < length || (length > 9 && std::strncmp(at, "_GLOBAL_", 8) == 0 && at[9] == 'N')) {
        return false;
    }
    at += length;
    return true;
}

/* Goes over what stands behind an `S`: something again, or a class of the standard library. */
inline void skip_again(const char *&at) noexcept {
    if (*at == '_' || is_digit(*at) || (*at >= 'A' && *at <= 'Z')) {
        while (*at != '\0' && *at != '_') {
            ++at;
        }
    }
    at += *at == '\0' ? 0 : 1;
}

/* Goes over a mangled type up to its end, or with `inside` the `E` that closes it; false where something in it has no linkage,
 * or isn't understood. */
inline bool skip_type(const char *&at, bool inside) noexcept {
    while (*at != '\0') {
        const char c = *at;
        if (is_digit(c)) {
            if (!skip_identifier(at)) {
                return false;
            }
            continue;
        }
        ++at;
        if ((c >= 'a' && c <= 'z') || std::strchr("BKVPROMGCY", c) != nullptr) {
            /* A builtin type, or what qualifies the next one. */
        } else if (c == 'E') {
            return inside;
        } else if (c == 'N' || c == 'I' || c == 'J' || c == 'F') {
            if (!skip_type(at, true)) {
                return false;
            }
        } else if (c == 'S') {
            skip_again(at);
        } else if (c == 'A') {
            if (!skip_number(at)) {
                return false;
            }
        } else if (c == 'D') {
            const char kind = *at;
            if (kind == '\0' || std::strchr("nisuacohdefvFBU", kind) == nullptr) {
                return false;
            }
            ++at;
            if ((kind == 'v' || kind == 'F' || kind == 'B' || kind == 'U') && !skip_number(at)) {
                return false;
            }
        } else if (c == 'L') {
            /* A number as an argument of a template: its type, then the digits. */
            const bool is_nested = *at == 'N';
            if (is_digit(*at) || is_nested) {
                at += is_nested ? 1 : 0;
                if (!(is_nested ? skip_type(at, true) : skip_identifier(at))) {
                    return false;
                }
            } else if (*at == 'S') {
                skip_again(++at);
            } else if (*at >= 'a' && *at <= 'z') {
                ++at;
            } else {
                return false;
            }
            at += *at == 'n' ? 1 : 0;
            while (is_digit(*at)) {
                ++at;
            }
            if (*at++ != 'E') {
                return false;
            }
        } else {
            /* `Z`: a local class; `U`: a lambda, or a class without a name; the rest stands in expressions. */
            return false;
        }
    }
    return !inside;
}

/* Tells whether a class with that name is the same in every library. */
inline bool has_linkage(const char *name) noexcept {
#if defined(_MSC_VER)
    return std::strpbrk(name, "`<") == nullptr ||
        (std::strchr(name, '`') == nullptr && std::strstr(name, "<lambda") == nullptr &&
            std::strstr(name, "<unnamed") == nullptr && std::strstr(name, "<unknown") == nullptr);
#else
    return skip_type(name, false);
#endif
}

/* The key of a class with that name. */
inline std::string key(const char *name, bool is_shared, std::string_view module) {
    std::string made = INTERBIND_NATIVE_CPP;
    made += name;
    if (!is_shared) {
        made += '@';
        made += module;
    }
    return made;
}

/* A copy of a text that lives until the process ends. */
inline const char *kept(const std::string &text) {
    return static_cast<const char *>(std::memcpy(new char[text.size() + 1], text.c_str(), text.size() + 1));
}

inline std::string_view view(interbind_str text) noexcept {
    return {reinterpret_cast<const char *>(text.ptr), static_cast<std::size_t>(text.len)};
}

} // namespace detail

/* Tells whether T is the same class in every library that sees its declaration. */
template <typename T>
bool has_linkage() noexcept {
    return detail::has_linkage(typeid(T).name());
}

/* The native key of a class; lives until the process ends. The owner is the module's own. */
template <typename T>
const char *key_of(const interbind_owner &owner) {
    static const char *const key =
        detail::kept(detail::key(typeid(T).name(), has_linkage<T>(), detail::view(owner.name)));
    return key;
}

/* The native key of a class that is one module's alone, although its name is everybody's. */
template <typename T>
const char *local_key_of(const interbind_owner &owner) {
    static const char *const key = detail::kept(detail::key(typeid(T).name(), false, detail::view(owner.name)));
    return key;
}

} // namespace interbind

#endif /* INTERBIND_KEY_HPP */
