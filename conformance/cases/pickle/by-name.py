import copy
import pickle
import pickletools
import sys


def act(p, type):
    for module, name in ((p.provider.module, "hypot"), (p.consumer.module, "native_call")):
        function = getattr(module, name)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for dumps in (pickle.dumps, pickle._dumps):
                stream = dumps(function, protocol)
                p.check(pickle.loads(stream) is function, "itself again")
                if sys.implementation.name == "pypy":
                    # It writes functions of C by what `getattr` gives.
                    continue
                words = {arg for _, arg, _ in pickletools.genops(stream) if isinstance(arg, str)}
                named = {module.__name__, name} if protocol >= 4 else {f"{module.__name__} {name}"}
                p.check_equal(words, named, "what the stream names")
        p.check(copy.deepcopy([function])[0] is function, "deepcopy")
