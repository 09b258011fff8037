def act(p, type):
    hypot = p.provider.module.hypot
    p.check_equal(hypot(3.0, 4.0), 5.0, "called by Python")
    p.check_equal(p.consumer.native_call(hypot, 3.0, 4.0), 5.0, "called by C")
