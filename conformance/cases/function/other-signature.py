def act(p, type):
    p.check_equal(p.provider.module.half(3.0), 1.5, "called by Python")
    p.consumer.native_call(p.provider.module.half, 3.0, 4.0)
