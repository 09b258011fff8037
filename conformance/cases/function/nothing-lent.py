def act(p, type):
    # What has the function's names and is another isn't taken for it.
    def wrapper(x, y):
        return -1.0

    hypot = p.provider.module.hypot
    wrapper.__module__, wrapper.__name__ = hypot.__module__, hypot.__name__
    for other in (wrapper, len, object(), p.provider.module, hypot.__name__, None):
        with p.refused():
            p.consumer.native_call(other, 3.0, 4.0)
