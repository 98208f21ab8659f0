"""Seams, the places where implementations plug in: names in the settings, and the object or module behind each of them.

A built-in implementation is one line here. Another package adds its own as an entry point of the seam's group, such as
`splitwave.channel_models`; nothing of Splitwave changes for it. Only names are read here: an implementation is imported
when it is used, so that reading settings imports neither torch nor a package of another party.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from splitwave.common.errors import ConfigError
from splitwave.common.named_object import check_object_name, import_object, is_object_name
from splitwave.common.spelling import did_you_mean, likely

T = TypeVar("T")


@dataclass(frozen=True)
class Seam(Generic[T]):
    """One kind of implementation, `T`.

    Attributes:
        setting: the setting that names one, for messages.
        group: of the entry points of other packages.
        built_in: where the implementation of each name is: `module:object`, or `module` if the module itself is one.
        takes_objects: whether a user's `module:object` is as good as a name.
    """

    setting: str
    group: str
    built_in: Mapping[str, str]
    takes_objects: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The built-in names, then those of installed packages."""
        return (*self.built_in, *sorted(entry_points(group=self.group).names - self.built_in.keys()))

    def check(self, name: str) -> str:
        """The name itself.

        Raises:
            ValueError: nothing has this name.
        """
        if self.takes_objects and is_object_name(name):
            return check_object_name(name)
        if name not in self.built_in and name not in self.names:  # finding installed packages takes milliseconds
            raise ValueError(f"there is no {name!r}; there are: {', '.join(self.names)}{self._meant(name)}")
        return name

    def load(self, name: str) -> T:
        """The implementation of this name.

        Raises:
            ConfigError: nothing has this name, or it cannot be imported.
        """
        try:
            self.check(name)
        except ValueError as error:
            raise ConfigError(f"{self.setting} = {name}: {error}") from None
        if self.takes_objects and is_object_name(name):
            return cast(T, import_object(self.setting, name))
        try:
            implementation: T = self._entry(name).load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"{self.setting} = {name}: {self._entry(name).value} cannot be loaded: {error}"
            ) from error
        return implementation

    def _entry(self, name: str) -> EntryPoint:
        if name in self.built_in:
            return EntryPoint(name, self.built_in[name], self.group)
        return entry_points(group=self.group)[name]

    def _meant(self, name: str) -> str:
        return did_you_mean([repr(known) for known in likely(name, self.names)])
