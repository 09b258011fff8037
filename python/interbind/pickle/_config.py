"""The configuration that Apache Beam's copy of cloudpickle takes, with the same fields."""

import dataclasses
import typing
import uuid


def uuid_generator(_):
    """Return an id that no other class has."""
    return uuid.uuid4().hex


@dataclasses.dataclass
class GetCodeObjectParams:
    """Where code is found again: by a path instead of by its bytes.

    `get_code_object_identifier` takes a function and returns the path of its code, or None where there is no path.
    `get_code_from_identifier` takes the path, where the pickle is loaded, and returns the code.
    """

    get_code_object_identifier: typing.Optional[typing.Callable]
    get_code_from_identifier: typing.Optional[typing.Callable]


@dataclasses.dataclass
class CloudPickleConfig:
    """How functions and classes go by value.

    - `id_generator` takes a class and returns the id by which it is known again where it is loaded. With None no id is
      written, and a class that is loaded twice is two classes.
    - `skip_reset_dynamic_type_state`: a class that has been loaded before isn't filled again.
    - `filepath_interceptor` takes the path of a file and returns what is written instead.
    - `get_code_object_params`: see `GetCodeObjectParams`.
    - `pickle_main_by_ref`: what is in `__main__` goes by name.
    """

    id_generator: typing.Optional[typing.Callable] = uuid_generator
    skip_reset_dynamic_type_state: bool = False
    filepath_interceptor: typing.Optional[typing.Callable] = None
    get_code_object_params: typing.Optional[GetCodeObjectParams] = None
    pickle_main_by_ref: bool = False


DEFAULT_CONFIG = CloudPickleConfig()
