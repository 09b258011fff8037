import sys


def act(p, type):
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    with p.refused() as said:
        p.another("consumer", {"gil": "off" if gil else "on", "api": f"{sys.version_info[0]}.{sys.version_info[1]}"})
    p.check("the running Python has" in "".join(said), "the message says what runs")
