def act(p, type):
    hypot = p.provider.module.hypot
    p.check_equal(hypot(3.0, 4.0), 5.0, "called by Python")
    p.check_equal(p.consumer.native_call(hypot, 3.0, 4.0), 5.0, "called by C")
    # What has the function's names and is another isn't taken for it.
    wrapper = lambda x, y: -1.0
    wrapper.__module__, wrapper.__name__ = hypot.__module__, hypot.__name__
    with p.refused():
        p.consumer.native_call(wrapper, 3.0, 4.0)
