"""Options of the training steps that are fields of a settings class."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_settings(
    parser: argparse.ArgumentParser,
    settings: type[DataclassInstance],
    about: str = "",
    skip: str = "",
) -> None:
    """One option a field, with its type and default."""
    for field in fields(settings):
        if field.name != skip:
            name, usual = "--" + field.name.replace("_", "-"), field.default
            how: dict[str, Any] = (
                {"action": argparse.BooleanOptionalAction}
                if isinstance(usual, bool)
                else {"type": type(usual)}
            )
            parser.add_argument(name, default=usual, help=f"{about}(default: %(default)s)", **how)


def settings_of(options: argparse.Namespace, settings: type[Settings]) -> Settings:
    """The options of `add_settings` as an instance."""
    return settings(**{f.name: getattr(options, f.name) for f in fields(settings)})
