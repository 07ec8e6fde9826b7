"""docs/encoders.md: its code runs, its encoders and options are there."""

import re
from pathlib import Path

import pytest
import torch

from xlser.backbones import Backbone, backbone_names, get_backbone

TEXT = (Path(__file__).parents[2] / "docs/encoders.md").read_text(encoding="utf-8")


def test_the_backbone_of_ones_own_is_one() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, type[Backbone]] = {}
    exec(code, names)
    backbone = names["Loudness"]()
    waveforms = torch.randn(3, 100, 1)
    lengths = torch.tensor([100, 50, 7])
    together = backbone(waveforms, lengths)
    alone = [backbone(waveforms[i : i + 1, :n]) for i, n in enumerate(lengths)]
    assert together.shape == (3, backbone.dimension)
    # What lies past an utterance's end counts here; embedding pads it with zeros.
    padded = waveforms * (torch.arange(100) < lengths[:, None])[..., None]
    torch.testing.assert_close(backbone(padded, lengths), torch.cat(alone))


@pytest.mark.parametrize("name", backbone_names())
def test_every_backbone_is_listed_with_its_dimension(name: str) -> None:
    kind = get_backbone(name)
    if name.startswith("demo") or name == "audiontt-512-25ms":
        pytest.skip("a variant")
    stem, _, size = name.rpartition("-")
    line = next(
        row for row in TEXT.splitlines() if row.startswith("|") and (f"`{name}`" in row or
        (f"`{stem}" in row and f"`-{size}`" in row))
    )  # fmt: skip
    if kind.layer_rule:
        assert str(kind.dimension) in line
        assert str(kind.depth) in line
    if not kind.weights or kind.layer_rule:
        assert (
            kind.terms().split()[0].rstrip(",:")[:7].lower() in line.lower() or "openSMILE" in line
        )
