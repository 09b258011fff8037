# The consumer: functions that take the zoo's types, as Cython takes them. Whose classes they are says the folder with `classes.pxi`.
from surface cimport build, living, mutation, read_value, touches, write_value

include "classes.pxi"

def read_point2d(Point2d one not None):
    return read_value(one.value)

def write_point2d(Point2d one not None, name, data):
    write_value(one.value, name, data)

def read_nested(Nested one not None):
    return read_value(one.value)

def write_nested(Nested one not None, name, data):
    write_value(one.value, name, data)

def read_packed_tail(PackedTail one not None):
    return read_value(one.value)

def write_packed_tail(PackedTail one not None, name, data):
    write_value(one.value, name, data)

def read_scalars(Scalars one not None):
    return read_value(one.value)

def write_scalars(Scalars one not None, name, data):
    write_value(one.value, name, data)

def read_array(Array one not None):
    return read_value(one.value)

def write_array(Array one not None, name, data):
    write_value(one.value, name, data)

def read_flags(Flags one not None):
    return read_value(one.value)

def write_flags(Flags one not None, name, data):
    write_value(one.value, name, data)

CLASSES = {"point2d": Point2d, "nested": Nested, "packed-tail": PackedTail, "scalars": Scalars, "array": Array, "flags": Flags}
READS = {"point2d": read_point2d, "nested": read_nested, "packed-tail": read_packed_tail, "scalars": read_scalars, "array": read_array, "flags": read_flags}
WRITES = {"point2d": write_point2d, "nested": write_nested, "packed-tail": write_packed_tail, "scalars": write_scalars, "array": write_array, "flags": write_flags}

def identity():
    return {"build": build().decode(), "role": "consumer", "mutation": mutation().decode()}

def live():
    return {"objects": living(), "touched": touches()}

def own(type, data):
    return CLASSES[type](data)

def read(type, one):
    return READS[type](one)

def write(type, one, name, data):
    WRITES[type](one, name, data)
