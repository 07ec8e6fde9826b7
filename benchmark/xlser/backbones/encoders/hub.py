"""Models of the Hugging Face Hub: found on this machine, or fetched."""

import json
import re
from pathlib import Path
from typing import Any

from xlser.backbones.backbone import HubWeights
from xlser.backbones.extras import require
from xlser.errors import WeightsError
from xlser.settings import Settings

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WHOLE, INDEX, PICKLED = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TO_FETCH = "Fetch it once while online, or name a folder that holds it: --backbone hf:/path/to/it."


def folder_of(weights: HubWeights, name: str, settings: Settings) -> Path:
    """Return the folder with a model's configuration and weights; fetch what is not here.

    Looked for in `settings.weights` (a folder `<name>`, `<name>-encoder` or the repository's), in
    the Hub's cache, and on the Hub. What is here is used without a request, if it is pinned.

    Args:
        weights: repository or folder, and revision.
        name: of the backbone.
        settings: which name a folder of weights.

    Raises:
        MissingExtraError: transformers is not installed.
        WeightsError: the repository, the revision or its weights cannot be loaded.
    """
    local = folder_here(weights, name, settings)
    if local is not None:
        return local
    if not weights.revision:
        raise WeightsError(
            f"{weights.repository} holds no {CONFIG}.",
            "Name a folder that `save_pretrained` of transformers wrote, or a model of the Hub: "
            "--backbone hf:owner/name@revision.",
        )
    config = file_of(weights, CONFIG)
    if config is None:
        raise WeightsError(
            f"{weights.repository} at {weights.revision} holds no {CONFIG}.",
            "Name a model that transformers can load.",
        )
    pinned = HubWeights(weights.repository, config.parent.name, weights.licence)
    file_of(pinned, PREPROCESSOR)
    if not _fetch_weights(pinned):
        raise WeightsError(
            f"{weights.repository} at {weights.revision} holds neither {WHOLE} nor {PICKLED}.",
            "Name a model with weights for PyTorch.",
        )
    return config.parent


def folder_here(weights: HubWeights, name: str, settings: Settings) -> Path | None:
    """Return the folder on this machine outside the Hub's cache that holds a model, if any does.

    Args:
        weights: repository or folder, and revision.
        name: of the backbone.
        settings: which name a folder of weights.
    """
    if not weights.revision:
        places = [Path(weights.repository).expanduser()]
    elif settings.weights and not name.startswith("hf:"):
        under = Path(settings.weights).expanduser()
        repository = weights.repository.partition("/")[2]
        places = [under / each for each in (name, f"{name}-encoder", repository)]
    else:
        places = []
    return next((place for place in places if (place / CONFIG).is_file()), None)


def cached(weights: HubWeights) -> Path | None:
    """Return the folder of the Hub's cache that holds the weights, without asking the Hub."""
    if not weights.revision:
        return None
    found = [_in_cache(weights, file) for file in (CONFIG, WHOLE, INDEX, PICKLED)]
    if isinstance(found[0], Path) and any(isinstance(path, Path) for path in found[1:]):
        return found[0].parent
    return None


def shape_of(config: dict[str, Any]) -> tuple[int, int]:
    """Return layers and width that a configuration states."""
    depth = config.get("encoder_layers") or config.get("num_hidden_layers", 12)
    width = config.get("d_model") or config.get("hidden_size", 768)
    return int(depth), int(width)


def read_json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds.

    Raises:
        WeightsError: it holds no JSON object.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as cause:
        raise WeightsError(f"{path} cannot be read ({cause}).", "Fetch the model anew.") from cause
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds no JSON object.", "Fetch the model anew.")
    return content


def _fetch_weights(weights: HubWeights) -> bool:
    """Fetch the weights in the first form that there is; return whether there is any."""
    if file_of(weights, WHOLE):
        return True
    index = file_of(weights, INDEX)
    if index:
        for shard in sorted(set(read_json(index)["weight_map"].values())):
            file_of(weights, shard)
        return True
    return file_of(weights, PICKLED) is not None


def _in_cache(weights: HubWeights, file: str) -> Path | bool | None:
    """Return a file of the Hub's cache; False: that commit has none; None: it is not known."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(weights.repository, file, revision=weights.revision)
    if found is None:
        return None
    return Path(found) if isinstance(found, str) else False


def file_of(weights: HubWeights, file: str) -> Path | None:
    """Return a file of a model, fetched if it is not in the cache; None if the model has none.

    Raises:
        MissingExtraError: transformers is not installed.
        WeightsError: the model cannot be loaded.
    """
    require("transformers", f"hf:{weights.repository}")  # before anything is downloaded
    from huggingface_hub import errors, hf_hub_download

    if _COMMIT.fullmatch(weights.revision):  # what a commit holds never changes
        found = _in_cache(weights, file)
        if found is not None:
            return found if isinstance(found, Path) else None
    what = f"The model {weights.repository}"
    try:
        return Path(hf_hub_download(weights.repository, file, revision=weights.revision))
    except errors.GatedRepoError as cause:
        raise WeightsError(
            f"{what} is gated: its owner gives access on request.",
            f"Ask for it on https://huggingface.co/{weights.repository} and log in: "
            "hf auth login, or set HF_TOKEN.",
        ) from cause
    except errors.RepositoryNotFoundError as cause:
        raise WeightsError(
            f"{what} is not on the Hub, or it is private.",
            "Correct owner/name; for a private one log in: hf auth login, or set HF_TOKEN.",
        ) from cause
    except errors.RevisionNotFoundError as cause:
        raise WeightsError(
            f"{what} has no revision {weights.revision!r}.",
            f"Name a commit, tag or branch (https://huggingface.co/{weights.repository}/commits): "
            f"--backbone hf:{weights.repository}@REVISION.",
        ) from cause
    except errors.LocalEntryNotFoundError as cause:
        raise WeightsError(
            f"{what} at {weights.revision} is not on this machine, and the Hub cannot be reached "
            f"({_first_line(cause)}).",
            _TO_FETCH,
        ) from cause
    except errors.EntryNotFoundError:
        return None
    except errors.HFValidationError as cause:
        raise WeightsError(
            f"{weights.repository!r} is not the name of a model on the Hub.",
            "Write owner/name, or the path of a folder that is there.",
        ) from cause
    except (errors.HfHubHTTPError, OSError) as cause:
        raise WeightsError(f"{what} cannot be fetched: {_first_line(cause)}.", _TO_FETCH) from cause


def _first_line(cause: BaseException) -> str:
    return (str(cause).strip() or type(cause).__name__).splitlines()[0].rstrip(".")
