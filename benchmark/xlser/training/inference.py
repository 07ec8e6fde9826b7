"""Whole utterances through a network, in batches that change nothing."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from xlser.methods import Speech

_FRAMES = 8_000  # of a batch, padding included: about 130 MB an activation of AudioNTT


def embed(
    network: nn.Module,
    speech: Speech,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """Return what `network` makes of whole utterances, one row each, in float32.

    Utterances of similar length share a batch; masks keep them from seeing the padding, so a row
    equals that of the utterance alone.

    Args:
        network: called with (frames, lengths), see `Backbone.forward`, or with embeddings; set to
            evaluation mode.
        speech: log-mel frames or embeddings.
        progress: called with (utterances done, utterances in all).

    Returns:
        Shape (utterances, outputs of the network).
    """
    network.eval()
    with torch.inference_mode():
        if speech.embedded:
            result = network(speech.features).float()
        else:
            result = _in_batches(network, speech, progress)
    own: Tensor = result.clone()  # what inference mode makes may not take part in a gradient
    return own


def _in_batches(network: nn.Module, speech: Speech, progress: Callable[[int, int], None]) -> Tensor:
    silence = speech.features.new_zeros(1, 1, speech.features.shape[1]).float()
    # Of no utterance there is no row, but of the network's width.
    rows: list[Tensor] = [network(silence, speech.lengths.new_ones(1)).float()[:0]]
    order: list[Tensor] = [speech.lengths[:0]]
    for index in _similar_lengths(speech.lengths):
        rows.append(network(speech.whole(index), speech.lengths[index]).float())
        order.append(index)
        progress(sum(map(len, order)), len(speech))
    stacked = torch.cat(rows)
    result = torch.empty_like(stacked)
    result[torch.cat(order)] = stacked
    return result


def _similar_lengths(lengths: Tensor) -> Iterator[Tensor]:
    """Yield indices of utterances, longest first, in batches of at most `_FRAMES` frames."""
    order = lengths.argsort(descending=True, stable=True)
    sorted_lengths = lengths[order].tolist()
    start = 0
    while start < len(order):
        size = max(1, _FRAMES // sorted_lengths[start])
        yield order[start : start + size]
        start += size
