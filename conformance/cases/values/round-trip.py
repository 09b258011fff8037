import struct

SAMPLES = {
    "unit": [b""],
    "int8": [struct.pack("=b", v) for v in (-128, -1, 0, 127)],
    "int16": [struct.pack("=h", v) for v in (-32768, -2, 32767)],
    "int32": [struct.pack("=i", v) for v in (-(1 << 31), 7, (1 << 31) - 1)],
    "int64": [struct.pack("=q", v) for v in (-(1 << 63), -3, (1 << 63) - 1)],
    "word8": [bytes([v]) for v in (0, 1, 255)],
    "word16": [struct.pack("=H", v) for v in (0, 0x0102, 65535)],
    "word32": [struct.pack("=I", v) for v in (0, 0x01020304, (1 << 32) - 1)],
    "word64": [struct.pack("=Q", v) for v in (0, 0x0102030405060708, (1 << 64) - 1)],
    "float32": [struct.pack("=f", v) for v in (0.0, -0.0, 1.5, float("inf"))],
    "float64": [struct.pack("=d", v) for v in (0.0, -0.0, 2.5e-308, float("-inf"))],
    "boolean": [b"\0", b"\1"],
    "letter": [struct.pack("=I", ord(c)) for c in "\0aé€\U0010ffff"],
    "text": [t.encode() for t in ("", "a", "grün €\U0001f980", "x" * 70000, "a\0b")],
    "string": [t.encode() for t in ("", "b", "grün €\U0001f980", "y" * 70000, "a\0b")],
    "bytes": [b"", b"\0", bytes(range(256)), b"\xff" * 70000],
    "floats": [b"", struct.pack("=3d", 1.5, -0.0, 1e300), struct.pack("=d", 4.0) * 5000],
    "shorts": [b"", struct.pack("=3H", 1, 2, 65535)],
    "maybe": [b"\0", b"\1" + bytes(8), b"\1" + b"\xff" * 8],
    "maybe_string": [b"\0", b"\1", b"\1abc"],
    "quad": [struct.pack("=4H", 1, 2, 3, 65535)],
    "checked": [struct.pack("=Q", 9)],
}


def act(p, type):
    samples = dict(SAMPLES, nested=[p.graffiti("nested", 3)])
    samples["flags"] = samples["flags_by_ref"] = [p.graffiti("flags", seed) for seed in range(6)]
    samples["many_flags"] = [b"", b"".join(samples["flags"])]
    obj = p.provider.make_as("frozen", "kinds", b"")
    for method, values in samples.items():
        for value in values:
            p.check_equal(p.consumer.call("kinds", obj, method, value), value, method)
