import sys
import sysconfig


def act(p, type):
    built_without = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    p.check(enabled != built_without, "the GIL is as this Python was built")
    obj = p.provider.make(type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
