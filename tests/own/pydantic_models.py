#!/usr/bin/env python3
"""pydantic's models and dataclasses by value: the same bytes in every process, and validators that work where they are loaded.

    pydantic_models.py       with `interbind` and pydantic on the path
"""

import os
import pickle
import subprocess
import sys
import tempfile
import types

SOURCE = """
import typing
import pydantic
from pydantic import BaseModel, Field, computed_field, field_serializer, field_validator, model_validator

class Sub(BaseModel):
    q: int = 3

class Model(BaseModel):
    a: int = Field(default=1, gt=0, description="x")
    b: typing.List[Sub] = []
    c: "typing.Optional[Model]" = None
    _priv: int = 5
    model_config = {"title": "T"}
    @field_validator("a")
    @classmethod
    def va(cls, v): return v + 1
    @model_validator(mode="after")
    def ma(self): return self
    @computed_field
    @property
    def d(self) -> int: return self.a * 2
    @field_serializer("a")
    def sa(self, v): return str(v)

T = typing.TypeVar("T")

class Generic(BaseModel, typing.Generic[T]):
    v: T

class A(BaseModel):
    b: "typing.Optional[B]" = None

class B(BaseModel):
    a: "typing.Optional[A]" = None

A.model_rebuild()

def make(k):
    class Local(BaseModel):
        v: int = k
        @field_validator("v")
        @classmethod
        def va(cls, v): return v + k
        def clone(self): return Local(v=self.v)
    return Local

@pydantic.dataclasses.dataclass
class Data:
    a: int
    @field_validator("a")
    @classmethod
    def va(cls, v): return v * 2

x = Model, Sub, Generic, A, B, make(3), Data, Model(a=2, b=[{}])
"""

CHECK = """
import inspect
Model, Sub, Generic, A, B, Local, Data, instance = x
assert Model(a=3).a == 4 and Model(a=3).d == 8 and Model(a=1).model_dump()["a"] == "2" and Model(a=1)._priv == 5
try:
    Model(a=-5)
except ValueError as error:
    assert "greater" in str(error)
else:
    raise AssertionError("not validated")
assert type(Model(b=[{"q": "7"}]).b[0]) is Sub and Model(c={"a": 5}).c.a == 6 and type(Model(c={}).c) is Model
assert Generic[int](v="3").v == 3 and type(A(b={"a": None}).b) is B
assert type(instance) is Model and instance.a == 3 and type(instance.b[0]) is Sub and instance.model_dump()["d"] == 6
assert list(inspect.signature(Model).parameters) == ["a", "b", "c"] and "T" in str(Model.model_json_schema())
assert Local(v=1).v == 4 and Local(v=1).clone().v == 7 and Data(a="4").a == 8
"""


def dump(path, special):
    from interbind.pickle import own

    home = types.ModuleType("__main__")
    sys.modules["__main__"] = home
    file = "/somewhere/else.py" if special == "folder" else "script.py"
    exec(compile(SOURCE, file, "exec"), home.__dict__)
    if special == "used":
        exec(CHECK, {"x": home.x})
        home.x[0](a=4).a = 7
    data = own.dumps(home.x, deterministic=True)
    if special == "own":
        kept = own.loads(data)
        assert own.dumps(kept, deterministic=True) == data == own.dumps(home.x, deterministic=True)
    models = tuple(each for each in home.x if each.__class__ is not type)
    for name, stream in ((path, data), (path + ".models", own.dumps(models, deterministic=True))):
        with open(name, "wb") as file:
            file.write(stream)
    print(own.digest(home.x))


def load(path):
    from interbind.pickle import own

    with open(path, "rb") as file:
        data = file.read()
    x = pickle.loads(data)
    exec(CHECK, {"x": x})
    # Not the dataclass: making its validator again, pydantic gives it another `__init__`.
    with open(path + ".models", "rb") as file:
        data = file.read()
    assert own.dumps(pickle.loads(data), deterministic=True) == data
    print("loads")


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = set()
        for seed, special in enumerate(("plain", "seed", "folder", "used", "own")):
            path = os.path.join(folder, special)
            command = [sys.executable, "-B", __file__, path, special]
            said = subprocess.run(command, env=dict(os.environ, PYTHONHASHSEED=str(seed)), check=True, stdout=subprocess.PIPE, text=True).stdout
            with open(path, "rb") as file:
                found.add((file.read(), said))
        assert len(found) == 1, [special for special in found]
        subprocess.run([sys.executable, "-B", __file__, path], check=True)
    print("the same in 5 processes")


if __name__ == "__main__":
    dump(*sys.argv[1:]) if len(sys.argv) == 3 else load(sys.argv[1]) if len(sys.argv) == 2 else main()
