"""Whole utterances through a network, in batches that change nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from xlser.backbones import Backbone, Budget
from xlser.methods import Speech
from xlser.system.threads import single_threads


def embed(
    network: nn.Module,
    speech: Speech,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """Return what `network` makes of whole utterances, one row each, in float32.

    Utterances of similar length share a batch, whose size is the backbone's `budget`; masks keep
    them from seeing the padding, so a row equals that of the utterance alone. On a CPU every thread
    that torch may use takes a batch of its own.

    Args:
        network: called with (frames, lengths), see `Backbone.forward`, or with embeddings; set to
            evaluation mode. It is called from several threads at once.
        speech: log-mel frames, waveforms or embeddings.
        progress: called with (utterances done, utterances in all).

    Returns:
        Shape (utterances, outputs of the network).
    """
    network.eval()
    with torch.inference_mode(), _folded(network):
        if speech.embedded:
            result = network(speech.features).float()
        else:
            result = _in_batches(network, speech, progress)
    own: Tensor = result.clone()  # what inference mode makes may not take part in a gradient
    return own


@contextmanager
def _folded(network: nn.Module) -> Iterator[None]:
    """Let convolutions do the work of batch norms that come right after them in a sequence.

    In evaluation a batch norm only scales and shifts, which the weights of the convolution can do
    as well: it need not go through the largest activations once more.
    """
    before = [
        (layers, place, conv, norm)
        for layers in network.modules()
        if type(layers) is nn.Sequential
        for place, (conv, norm) in enumerate(pairwise(layers))
        if type(conv) is nn.Conv2d and type(norm) is nn.BatchNorm2d and _holds_still(norm)
    ]
    try:
        for layers, place, conv, norm in before:
            layers[place] = fuse_conv_bn_eval(conv, norm)
            layers[place + 1] = nn.Identity().eval()
        yield
    finally:
        for layers, place, conv, norm in before:
            layers[place], layers[place + 1] = conv, norm


def _holds_still(norm: nn.BatchNorm2d) -> bool:
    return norm.running_mean is not None and not norm.training


def _in_batches(network: nn.Module, speech: Speech, progress: Callable[[int, int], None]) -> Tensor:
    @torch.inference_mode()  # which each thread enters for itself
    def embeddings(index: Tensor) -> Tensor:
        rows: Tensor = network(speech.whole(index), speech.lengths[index])
        return rows.float()

    silence = speech.features.new_zeros(1, 1, speech.features.shape[1]).float()
    # Of no utterance there is no row, but of the network's width.
    rows: list[Tensor] = [network(silence, speech.lengths.new_ones(1)).float()[:0]]
    on_cpu = speech.features.device.type == "cpu"
    budget = _budget(network)
    rows_at_once = budget.on_cpu if on_cpu else budget.on_gpu
    batches = list(_similar_lengths(speech.lengths, rows_at_once))
    done = 0
    with single_threads(torch.get_num_threads() if on_cpu else 1) as pool:
        for index, embedded in zip(batches, pool.map(embeddings, batches), strict=True):
            rows.append(embedded)
            done += len(index)
            progress(done, len(speech))
    stacked = torch.cat(rows)
    result = torch.empty_like(stacked)
    result[torch.cat([speech.lengths[:0], *batches])] = stacked
    return result


def _budget(network: nn.Module) -> Budget:
    """Return how many rows a batch may have for the backbone that is part of a network."""
    found = (module.budget for module in network.modules() if isinstance(module, Backbone))
    return next(found, Budget())


def _similar_lengths(lengths: Tensor, rows: int) -> Iterator[Tensor]:
    """Yield indices of utterances, longest first, in batches of at most `rows` rows."""
    order = lengths.argsort(descending=True, stable=True)
    sorted_lengths = lengths[order].tolist()
    start = 0
    while start < len(order):
        size = max(1, rows // sorted_lengths[start])
        yield order[start : start + size]
        start += size
