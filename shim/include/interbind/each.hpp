/* A macro for each argument of another one: what the lists of fields, bases and variants are made with.
 *
 * `INTERBIND_EACH(macro, first, a, b)` is `macro(first, a) macro(first, b)`; up to 32 arguments, one at least. */
#ifndef INTERBIND_EACH_HPP
#define INTERBIND_EACH_HPP

/* The preprocessor of cl.exe takes `__VA_ARGS__` for one argument unless it is read again. */
#define INTERBIND_AGAIN(x) x
#define INTERBIND_EACH_1(m, t, a) m(t, a)
#define INTERBIND_EACH_2(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_1(m, t, __VA_ARGS__))
#define INTERBIND_EACH_3(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_2(m, t, __VA_ARGS__))
#define INTERBIND_EACH_4(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_3(m, t, __VA_ARGS__))
#define INTERBIND_EACH_5(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_4(m, t, __VA_ARGS__))
#define INTERBIND_EACH_6(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_5(m, t, __VA_ARGS__))
#define INTERBIND_EACH_7(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_6(m, t, __VA_ARGS__))
#define INTERBIND_EACH_8(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_7(m, t, __VA_ARGS__))
#define INTERBIND_EACH_9(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_8(m, t, __VA_ARGS__))
#define INTERBIND_EACH_10(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_9(m, t, __VA_ARGS__))
#define INTERBIND_EACH_11(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_10(m, t, __VA_ARGS__))
#define INTERBIND_EACH_12(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_11(m, t, __VA_ARGS__))
#define INTERBIND_EACH_13(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_12(m, t, __VA_ARGS__))
#define INTERBIND_EACH_14(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_13(m, t, __VA_ARGS__))
#define INTERBIND_EACH_15(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_14(m, t, __VA_ARGS__))
#define INTERBIND_EACH_16(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_15(m, t, __VA_ARGS__))
#define INTERBIND_EACH_17(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_16(m, t, __VA_ARGS__))
#define INTERBIND_EACH_18(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_17(m, t, __VA_ARGS__))
#define INTERBIND_EACH_19(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_18(m, t, __VA_ARGS__))
#define INTERBIND_EACH_20(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_19(m, t, __VA_ARGS__))
#define INTERBIND_EACH_21(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_20(m, t, __VA_ARGS__))
#define INTERBIND_EACH_22(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_21(m, t, __VA_ARGS__))
#define INTERBIND_EACH_23(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_22(m, t, __VA_ARGS__))
#define INTERBIND_EACH_24(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_23(m, t, __VA_ARGS__))
#define INTERBIND_EACH_25(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_24(m, t, __VA_ARGS__))
#define INTERBIND_EACH_26(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_25(m, t, __VA_ARGS__))
#define INTERBIND_EACH_27(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_26(m, t, __VA_ARGS__))
#define INTERBIND_EACH_28(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_27(m, t, __VA_ARGS__))
#define INTERBIND_EACH_29(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_28(m, t, __VA_ARGS__))
#define INTERBIND_EACH_30(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_29(m, t, __VA_ARGS__))
#define INTERBIND_EACH_31(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_30(m, t, __VA_ARGS__))
#define INTERBIND_EACH_32(m, t, a, ...) m(t, a) INTERBIND_AGAIN(INTERBIND_EACH_31(m, t, __VA_ARGS__))
#define INTERBIND_EACH_AT(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, \
    _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, n, ...) n
#define INTERBIND_EACH(m, t, ...) \
    INTERBIND_AGAIN(INTERBIND_EACH_AT(__VA_ARGS__, INTERBIND_EACH_32, INTERBIND_EACH_31, INTERBIND_EACH_30, \
    INTERBIND_EACH_29, INTERBIND_EACH_28, INTERBIND_EACH_27, INTERBIND_EACH_26, INTERBIND_EACH_25, \
    INTERBIND_EACH_24, INTERBIND_EACH_23, INTERBIND_EACH_22, INTERBIND_EACH_21, INTERBIND_EACH_20, \
    INTERBIND_EACH_19, INTERBIND_EACH_18, INTERBIND_EACH_17, INTERBIND_EACH_16, INTERBIND_EACH_15, \
    INTERBIND_EACH_14, INTERBIND_EACH_13, INTERBIND_EACH_12, INTERBIND_EACH_11, INTERBIND_EACH_10, INTERBIND_EACH_9, \
    INTERBIND_EACH_8, INTERBIND_EACH_7, INTERBIND_EACH_6, INTERBIND_EACH_5, INTERBIND_EACH_4, INTERBIND_EACH_3, \
    INTERBIND_EACH_2, INTERBIND_EACH_1, none)(m, t, __VA_ARGS__))

#endif /* INTERBIND_EACH_HPP */
