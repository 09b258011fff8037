/* What differs between compilers, and nothing else: atomics, attributes, thread-locals.
 *
 * No other header names a builtin, an attribute or a compiler. GCC and clang (clang-cl too) have the builtins of GCC; cl.exe
 * has Microsoft's intrinsics, which take words: so a place that is read or written atomically has 4 or 8 bytes. In C, cl.exe
 * must know `__typeof__` (Visual Studio 2022, 17.9). INTERBIND_COMPILER_MSVC has clang take the branch of cl.exe, for tests. */
#ifndef INTERBIND_COMPILER_H
#define INTERBIND_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER) && (!defined(__clang__) || defined(INTERBIND_COMPILER_MSVC))
#include <intrin.h>

#if !defined(__cplusplus) && !defined(__clang__) && _MSC_VER < 1939
#error "interbind.h needs Visual Studio 2022 17.9 for C (older ones compile it as C++17)"
#endif

/* Bodies of cold functions; never inlined, and no complaint when nobody calls them. */
#define INTERBIND_COLD static __declspec(noinline)
/* The same for members of C++ classes. */
#define INTERBIND_APART __declspec(noinline)
/* Tells which way a branch usually goes. */
#define INTERBIND_LIKELY(condition) (condition)
/* Checks a format as printf's: `text` and `values` count the parameters from 1. */
#define INTERBIND_PRINTF(text, values)
/* Keeps what a namespace holds inside its library: nothing is exported here unless it is asked for. */
#define INTERBIND_HIDDEN
#define INTERBIND_THREAD_LOCAL __declspec(thread)

static inline uint64_t interbind_word_load(const volatile void *place, size_t size) {
    const uint64_t found = size == 4 ? (uint64_t)*(const volatile uint32_t *)place : *(const volatile uint64_t *)place;
#if defined(_M_ARM64)
    __dmb(0x9); /* ISHLD: what is read later isn't read earlier. */
#else
    _ReadWriteBarrier();
#endif
    return found;
}

static inline uint64_t interbind_word_exchange(volatile void *place, uint64_t value, size_t size) {
    return size == 4 ? (uint64_t)(uint32_t)_InterlockedExchange((volatile long *)place, (long)value)
                     : (uint64_t)_InterlockedExchange64((volatile long long *)place, (long long)value);
}

static inline void interbind_word_store(volatile void *place, uint64_t value, size_t size) {
    (void)interbind_word_exchange(place, value, size);
}

static inline uint64_t interbind_word_add(volatile void *place, uint64_t value, size_t size) {
    return size == 4 ? (uint64_t)(uint32_t)_InterlockedExchangeAdd((volatile long *)place, (long)value)
                     : (uint64_t)_InterlockedExchangeAdd64((volatile long long *)place, (long long)value);
}

static inline int interbind_word_swap(volatile void *place, volatile void *expected, uint64_t value, size_t size) {
    if (size == 4) {
        const long wanted = *(volatile long *)expected;
        const long found = _InterlockedCompareExchange((volatile long *)place, (long)value, wanted);
        *(volatile long *)expected = found;
        return found == wanted;
    } else {
        const long long wanted = *(volatile long long *)expected;
        const long long found = _InterlockedCompareExchange64((volatile long long *)place, (long long)value, wanted);
        *(volatile long long *)expected = found;
        return found == wanted;
    }
}

#ifdef __cplusplus
extern "C++" {
/* The type of a place, without what qualifies it. */
template <typename T> struct interbind_type_of { typedef T type; };
template <typename T> struct interbind_type_of<const T> { typedef T type; };
template <typename T> struct interbind_type_of<T &> : interbind_type_of<T> {};
}
#define INTERBIND_TYPE_OF(place) typename interbind_type_of<decltype((place))>::type
#else
#define INTERBIND_TYPE_OF(place) __typeof__(place)
#endif

#define INTERBIND_WORD(value) ((uint64_t)(uintptr_t)(value))
#define INTERBIND_LOAD(place) ((INTERBIND_TYPE_OF(place))interbind_word_load(&(place), sizeof(place)))
#define INTERBIND_STORE(place, value) interbind_word_store(&(place), INTERBIND_WORD(value), sizeof(place))
#define INTERBIND_EXCHANGE(place, value) interbind_word_exchange(&(place), INTERBIND_WORD(value), sizeof(place))
#define INTERBIND_ADD(place, value) interbind_word_add(&(place), INTERBIND_WORD(value), sizeof(place))
#define INTERBIND_SWAP(place, expected, value) \
    interbind_word_swap((volatile void *)&(place), (volatile void *)&(expected), INTERBIND_WORD(value), sizeof(place))

#elif defined(__GNUC__) || defined(__clang__)

#define INTERBIND_COLD static __attribute__((cold, noinline, unused))
#define INTERBIND_APART __attribute__((cold, noinline))
#define INTERBIND_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define INTERBIND_PRINTF(text, values) __attribute__((format(printf, text, values)))
#if defined(_WIN32)
#define INTERBIND_HIDDEN
#else
#define INTERBIND_HIDDEN __attribute__((visibility("hidden")))
#endif
#ifdef __cplusplus
#define INTERBIND_THREAD_LOCAL thread_local
#else
#define INTERBIND_THREAD_LOCAL _Thread_local
#endif

/* Reads a place that others write; what is read later isn't read earlier. */
#define INTERBIND_LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
/* Writes a place that others read; what was written before is seen before. */
#define INTERBIND_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
/* Writes a place, and returns what was there. */
#define INTERBIND_EXCHANGE(place, value) __atomic_exchange_n(&(place), (value), __ATOMIC_ACQ_REL)
/* Adds to a place, and returns what was there. */
#define INTERBIND_ADD(place, value) __atomic_fetch_add(&(place), (value), __ATOMIC_ACQ_REL)
/* Writes a place if it holds `expected`, a variable, and tells whether it did; the variable gets what is there. */
#define INTERBIND_SWAP(place, expected, value) \
    __atomic_compare_exchange_n(&(place), &(expected), (value), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

#else
#error "interbind.h knows the atomics of gcc, clang and cl.exe, and this compiler is none of them"
#endif

#endif /* INTERBIND_COMPILER_H */
