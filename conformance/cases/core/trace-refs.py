import sys


def act(p, type):
    if sys.version_info >= (3, 13):
        p.unsupported("a header that Py_TRACE_REFS changes")
    with p.refused() as said:
        p.another("consumer", {"refs": "yes"})
    p.check("the running Python has" in "".join(said), "the message says what runs")
