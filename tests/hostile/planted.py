"""What is wrong on purpose: memory is read that was given back. The address sanitizer must find it, in C and in Rust."""

from kit import attempt, check, collect


@attempt("stale")
def what_is_gone_is_read(p):
    thing = p.make(3)
    p.warm(thing, 3)
    check(p.again() == p.value(3), "it is read while it lives")
    del thing
    collect()
    p.again()
