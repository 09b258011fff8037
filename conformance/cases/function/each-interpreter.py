import pickle


def act(p, type):
    hypot = p.provider.module.hypot
    p.check_equal(p.consumer.native_call(hypot, 3.0, 4.0), 5.0, "called by C")
    p.check(pickle.loads(pickle.dumps(hypot)) is hypot, "itself again")
    try:
        p.consumer.native_call(p.provider.module.half, 3.0, 4.0)
    except TypeError as error:
        p.check_equal(error.interbind_reason, "signature-differs", "the reason")
    else:
        p.check(False, "a function of another type is refused")
