"""Names of backbones: registered ones, models of the Hub, folders, tables; and their options.

whisper-base                        as registered
whisper-base#layer=3                with another layer
hf:owner/name@revision#layer=3      a model of the Hub
hf:/path/to/folder#layers=all       a folder laid out like one, all layers stacked
features:table.parquet              embeddings from a file
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from xlser import registry
from xlser.backbones.backbone import Backbone
from xlser.errors import SettingsError

_MADE_BY = {
    "hf": "xlser.backbones.encoders.models:hub_backbone",
    "features": "xlser.backbones.table:table_backbone",
}
"""What makes a backbone of what follows the prefix, if a package registers none."""


@dataclass(frozen=True)
class Asked:
    """A backbone's name, taken apart.

    Attributes:
        prefix: "hf", "features", or "" for a registered name.
        name: registered name, repository, or path.
        revision: of a repository; empty if none is asked for.
        options: by name.
    """

    prefix: str
    name: str
    revision: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Asked":
        """Take a name apart.

        Raises:
            SettingsError: an option is not of the form name=value.

        >>> Asked.parse("hf:owner/name@v1#layer=3,lora=8").options
        {'layer': '3', 'lora': '8'}
        """
        name, _, written = text.partition("#")
        options: dict[str, str] = {}
        for item in filter(None, written.split(",")):
            key, equals, value = item.partition("=")
            if not (key and equals and value):
                raise SettingsError(
                    f"--backbone {text!r}: {item!r} sets nothing.",
                    "Write options as name=value behind #, with commas between them: "
                    "whisper-base#layer=3.",
                )
            options[key] = value
        prefix, colon, rest = name.partition(":")
        if not colon or prefix not in _MADE_BY:
            return cls("", name, "", options)
        repository, _, revision = rest.partition("@") if prefix == "hf" else (rest, "", "")
        return cls(prefix, repository, revision, options)


def backbone_names() -> list[str]:
    """Return the names of all registered backbones, sorted."""
    return registry.names("xlser.backbones")


def get_backbone(name: str) -> type[Backbone]:
    """Return the backbone class of a name, with its options.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: it cannot be imported or is not a backbone.
        SettingsError: it has no such option.
        WeightsError: it is a model of the Hub, or a folder or table, that cannot be loaded.
    """
    asked = Asked.parse(name)
    if asked.prefix:
        module, _, function = _MADE_BY[asked.prefix].partition(":")
        made: type[Backbone] = getattr(import_module(module), function)(asked)
        return made
    kind = registry.load("xlser.backbones", asked.name, Backbone)
    return kind.variant(asked.options) if asked.options else kind


def named(name: str, options: Mapping[str, object]) -> str:
    """Return the name of a backbone with options, those in order that are set.

    >>> named("whisper-base", {"lora": 8, "layer": 3})
    'whisper-base#layer=3,lora=8'
    """
    written = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}#{written}" if written else name
