"""Packs cores, services, records and tables by hand, from raw bytes and the offsets of the spec.

Used by the bodies of hostile cases through `p.forge`; the memory is planted by the provider, which is `interbind_raw`.
Must never use the packages under test for packing: this is the second opinion about every offset.
"""

import struct
import sys

KEY = "__interbind_internals_v1__"


def header(magic, size, major=1, minor=0):
    return magic.ljust(8, b"\0")[:8] + struct.pack("=IHH", size, major, minor)


class Forge:
    """Bound to the provider's tools."""

    def __init__(self, tools):
        self.tools = tools
        self.at = tools.functions()

    def plant(self, data):
        return self.tools.plant(data)

    def text(self, text):
        """A `Str`: pointer and length."""
        data = text.encode() if isinstance(text, str) else text
        return struct.pack("=QQ", self.plant(data) if data else 0, len(data))

    def owner(self, **spoil):
        """An owner record."""
        names = ["name", "version", "file", "platform", "interbind", "compiler"]
        words = dict(name="forger", version="6.6.6", file="/lib/forger.so", platform=self.at["platform"], interbind="0.0.9")
        words.update(compiler="none", **spoil)
        return self.plant(header(b"ib.owner", 112) + b"".join(self.text(words[name]) for name in names))

    def core(self, magic=b"ib.core", size=168, major=1, minor=0, state=0, platform=None, extra=b"", **slots):
        """A core whose functions answer what the case told them."""
        platform = self.at["platform"] if platform is None else platform
        head = header(magic, size, major, minor) + bytes(range(16))
        head += b"".join(self.text(text) for text in ("forger", "6.6.6", "/lib/forger.so"))
        head += platform if isinstance(platform, bytes) else self.text(platform)
        head += self.text("0.0.9")
        at = self.at
        body = struct.pack("=I4sQ", state, b"", 1)
        honest = dict(retain=at["nothing"], release=at["nothing"], service=at["service"], list_services=at["list_nothing"])
        body += struct.pack("=QQQQQ", *(honest | slots).values(), 0)
        return head + body + extra

    def service(self, magic=b"ib.types", size=136, major=1, minor=0, name="types", close=0, destroy=None, functions=(0,) * 9):
        """The head of a table, and NULL where functions belong."""
        destroy = self.at["nothing"] if destroy is None else destroy
        head = header(magic, size, major, minor) + self.text(name) + struct.pack("=QQQ", self.owner(), close, destroy)
        return head + struct.pack("=10Q", *functions, 0)

    def record(self, called, meaning, **spoil):
        """A type record that is claimed; `spoil` replaces single fields."""
        field = dict(
            header=header(b"ib.type", 224),
            name=None,
            version_text=None,
            version=(1, 2, 0),
            kind=1,
            aliasing=1,
            thread=1,
            # PyPy never destroys a type that C code made: immortal.
            flags=3 if sys.implementation.name == "pypy" else 1,
            # The registry writes these three.
            serial=bytes(16),
            py_type=0,
            core=0,
            data_offset=self.at["offset"],
            borrow=self.at["borrow"],
            release=self.at["release"],
            wrap=0,
            vtable=0,
            descriptor=None,
            owner=None,
            native="",
            bases=(0, 0),
            state=1,
            base_size=32,
            size=int(meaning.split(" size ", 1)[1].split(" ", 1)[0]) if " size " in meaning else 0,
            reserved=0,
            tail=b"",
        )
        field.update(spoil)
        data = field["header"]
        data += field["name"] or self.text(called)
        data += field["version_text"] or self.text(".".join(map(str, field["version"])))
        data += struct.pack("=III", *field["version"])
        data += struct.pack("=IIIII", *(field[k] for k in "kind aliasing thread flags".split()), field["bases"][0])
        data += field["serial"]
        data += struct.pack("=QqQQQQ", *(field[k] for k in "py_type data_offset borrow release wrap vtable".split()))
        data += field["descriptor"] or self.text(meaning)
        data += struct.pack("=QQ", self.owner() if field["owner"] is None else field["owner"], field["core"])
        data += self.text(field["native"]) + struct.pack("=Q", field["bases"][1])
        data += struct.pack("=IIQQ", *(field[k] for k in "state base_size size reserved".split()))
        assert len(data) == 224, len(data)
        return data + field["tail"]

    def publish(self, data, cls):
        """Plants a record and hands it to the registry for a class; returns its address and the registry's status."""
        address = self.plant(data)
        return address, self.tools.publish_at(address, cls)

    def published(self, cls, called, meaning, **spoil):
        """A record that the registry took; its address, for spoiling it afterwards."""
        address, status = self.publish(self.record(called, meaning, **spoil), cls)
        assert status == 0, status
        return address

    def table(self, replace=None, slots=None, size=None, said=None):
        """The interface's honest table with slots replaced, cut off or counted wrongly."""
        honest = self.tools.get(self.at["table"], 24)
        count = struct.unpack("=Q", honest[16:24])[0]
        data = bytearray(self.tools.get(self.at["table"], 24 + 8 * count))
        for slot, address in (replace or {}).items():
            data[24 + 8 * slot : 32 + 8 * slot] = struct.pack("=Q", address)
        count = count if slots is None else slots
        data = data[: 24 + 8 * count]
        data[8:12] = struct.pack("=I", len(data) if size is None else size)
        data[16:24] = struct.pack("=Q", count if said is None else said)
        return self.plant(bytes(data))
