"""Any model of the Hub, or a folder laid out like one, as a backbone."""

from pathlib import Path
from typing import Any

from xlser.backbones.backbone import Backbone, HubWeights, specialised
from xlser.backbones.encoders.bert import Wav2Vec2BertBackbone
from xlser.backbones.encoders.encoder import TransformerBackbone
from xlser.backbones.encoders.hub import CONFIG, file_of, read_json, shape_of
from xlser.backbones.encoders.wav2vec import HubertBackbone, Wav2Vec2Backbone, WavLMBackbone
from xlser.backbones.encoders.whisper import WhisperBackbone
from xlser.backbones.naming import Asked
from xlser.errors import WeightsError

FAMILIES: dict[str, type[TransformerBackbone]] = {
    kind.family: kind
    for kind in (
        WhisperBackbone, Wav2Vec2Backbone, HubertBackbone, WavLMBackbone, Wav2Vec2BertBackbone
    )
}  # fmt: skip


def hub_backbone(asked: Asked) -> type[Backbone]:
    """Return a backbone of a model of the Hub, or of a folder; the middle layer is the default.

    The revision is pinned: the name states the commit that a tag or branch stands for today. Of a
    folder, the name states its last part alone; the digest of the weights tells them apart.

    Raises:
        WeightsError: it cannot be loaded, or is of no family that the suite knows.
        SettingsError: an option is not known.
    """
    path = Path(asked.name).expanduser()
    is_folder = path.is_dir() or asked.name.startswith((".", "/", "~"))
    revision = "" if is_folder else asked.revision or "main"
    weights = HubWeights(asked.name, revision, "not stated: see the model's page")
    # Of a model, the small files alone: its weights come when they are asked for.
    config_path = path / CONFIG if is_folder else file_of(weights, CONFIG)
    if config_path is None or not config_path.is_file():
        raise WeightsError(
            f"{asked.name} holds no {CONFIG}.",
            "Name a model of the Hub, owner/name, or a folder that `save_pretrained` of "
            "transformers wrote.",
        )
    config = read_json(config_path)
    kind = family_of(config, asked.name)
    if is_folder:
        name = f"hf:{path.resolve().name}"
    else:
        weights = HubWeights(asked.name, config_path.parent.name, weights.licence)
        name = f"hf:{asked.name}@{weights.revision}"
    depth, width = shape_of(config)
    model = specialised(
        kind,
        name=name,
        citation="not stated: see the model's page",
        weights=weights,
        architecture=config,
        depth=depth,
        width=width,
        layer=depth // 2,
        dimension=width,
        layer_rule="the middle one, the default",
        asked=f"hf:{asked.name}" if is_folder else "",
    )
    return model.variant(asked.options)


def family_of(config: dict[str, Any], model: str) -> type[TransformerBackbone]:
    """Return the class for a configuration.

    Raises:
        WeightsError: it is of no family that the suite knows.
    """
    family = config.get("model_type")
    if family not in FAMILIES:
        raise WeightsError(
            f"{model} is of the family {family!r}, which the suite does not know.",
            f"Choose a model of {', '.join(FAMILIES)}, or write a backbone of your own "
            "(entry point xlser.backbones).",
        )
    return FAMILIES[family]
