"""The acoustic parameter sets of openSMILE: eGeMAPSv02 and ComParE 2016 (extra opensmile)."""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, ClassVar

import torch
from torch import Tensor

from xlser.audio import SAMPLE_RATE, Waveform
from xlser.backbones.backbone import NOTHING, Backbone, Budget
from xlser.backbones.extras import require

_SHORTEST = SAMPLE_RATE // 2


class _Functionals(Backbone):
    """Functionals of an utterance's low-level descriptors, with nothing to learn.

    An utterance under half a second is padded with zeros to it: shorter ones lack the frames that
    some functionals need. What openSMILE leaves undefined (NaN) is 0.

    Attributes:
        feature_set: openSMILE's name of the set.
    """

    input = Waveform()
    budget = Budget(on_cpu=5 * SAMPLE_RATE, on_gpu=5 * SAMPLE_RATE)
    weights = None
    trained_on = NOTHING
    licence = "openSMILE's: research and education, not commercial (audEERING)"
    packages = ("opensmile",)
    notice = (
        "openSMILE (audEERING) may be used for research and education, not commercially: "
        "https://github.com/audeering/opensmile/blob/master/LICENSE"
    )
    feature_set: ClassVar[str]

    @classmethod
    def recipe(cls) -> dict[str, Any]:
        """Return the version of openSMILE: another may give other values."""
        return {"opensmile": version("opensmile") if find_spec("opensmile") else None}

    def __init__(self) -> None:
        super().__init__()
        require("opensmile", self.name)

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return functionals, shape (batch, dimension); see `Backbone.forward`."""
        if lengths is None:
            lengths = torch.full((len(frames),), frames.shape[1])
        rows = [
            self._functionals(samples[:length, 0])
            for samples, length in zip(frames.cpu(), lengths.tolist(), strict=True)
        ]
        return torch.stack(rows).to(frames.device)

    def _functionals(self, samples: Tensor) -> Tensor:
        missing = _SHORTEST - len(samples)
        if missing > 0:
            samples = torch.nn.functional.pad(samples, (0, missing))
        values = _smile(self.feature_set).process_signal(samples.numpy(), SAMPLE_RATE).to_numpy()
        return torch.from_numpy(values[0].copy()).float().nan_to_num(0.0, 0.0, 0.0)


@cache
def _smile(feature_set: str) -> Any:
    import opensmile

    return opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, feature_set),
        feature_level=opensmile.FeatureLevel.Functionals,
    )


class EGeMAPS(_Functionals):
    """The 88 functionals of eGeMAPSv02; with a linear SVM the field's classical baseline."""

    name, dimension, feature_set = "egemaps", 88, "eGeMAPSv02"
    citation = (
        "Eyben et al. (2016), The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice "
        "Research and Affective Computing, IEEE Transactions on Affective Computing 7"
    )


class ComParE2016(_Functionals):
    """The 6373 functionals of the ComParE 2016 challenge."""

    name, dimension, feature_set = "compare", 6373, "ComParE_2016"
    citation = (
        "Schuller et al. (2016), The INTERSPEECH 2016 Computational Paralinguistics Challenge"
    )
