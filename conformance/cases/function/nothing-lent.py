def act(p, type):
    for other in (len, object(), p.provider.module, p.provider.module.hypot.__name__):
        with p.refused():
            p.consumer.native_call(other, 3.0, 4.0)
    p.consumer.native_call(None, 3.0, 4.0)
