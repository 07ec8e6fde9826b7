"""Encoders: speed against a loop over single utterances with transformers, memory at 60 s.

    python -m tests.speed.encoders [NAME ...]

Weights are random: they make no difference to the time. The loop is what one writes: a feature
extractor, the whole model, hidden states, the mean of one layer. Both sides take the same
utterances in turn, on one core; the processor's time is counted, because what else a machine does
would count with the clock's. The best of the rounds stands. On several cores the suite gives each a
batch of its own.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from tests.speed.material import CPU, inventories_at_hand, surroundings
from torch import Tensor

from xlser.audio import FULL_SCALE, load
from xlser.audio.waveform import quantised
from xlser.backbones import get_backbone
from xlser.backbones.encoders.encoder import TransformerBackbone
from xlser.methods import Speech
from xlser.runs.environment import forget_peak_memory, peak_memory
from xlser.system.memory import keep_pages
from xlser.training import embed

NAMES = ("whisper-tiny", "whisper-base", "wav2vec2-base", "hubert-base", "wavlm-base-plus",
         "xls-r-300m", "w2v-bert-2", "egemaps", "compare")  # fmt: skip
UTTERANCES = 48
ROUNDS = 3


def speech(count: int) -> Speech:
    """Return some utterances of all corpora at hand, in a random order."""
    utterances = [u for inventory in inventories_at_hand() for u in inventory.utterances]
    order = np.random.default_rng(0).permutation(len(utterances))[:count]
    parts = [torch.from_numpy(quantised(load(utterances[i].path)).frames) for i in order]
    return Speech(torch.cat(parts), torch.tensor([len(part) for part in parts]))


def loop(kind: Any, some: Speech) -> Callable[[], list[Tensor]]:
    """Return what embeds one utterance after the other as one writes it."""
    samples = [
        (part[:, 0] / FULL_SCALE).numpy()
        for part in torch.split(some.features, some.lengths.tolist())
    ]
    if not issubclass(kind, TransformerBackbone):
        import opensmile

        smile = opensmile.Smile(getattr(opensmile.FeatureSet, kind.feature_set), "func")
        return lambda: [
            torch.from_numpy(smile.process_signal(each, 16_000).to_numpy()) for each in samples
        ]
    import transformers

    extractor: Any = {
        "whisper": transformers.WhisperFeatureExtractor,
        "wav2vec2-bert": transformers.SeamlessM4TFeatureExtractor,
    }.get(kind.family, transformers.Wav2Vec2FeatureExtractor)()
    network = _whole(kind)

    def each_by_itself() -> list[Tensor]:
        rows = []
        with torch.inference_mode():
            for utterance in samples:
                given = extractor(utterance, sampling_rate=16_000, return_tensors="pt")
                features = given[network.main_input_name]
                made = network(features, output_hidden_states=True)
                rows.append(made.hidden_states[kind.layer].mean(dim=1))
        return rows

    return each_by_itself


def _whole(kind: Any) -> Any:
    """Return the whole model with all its layers, as transformers makes it."""
    import transformers
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    made = {
        "whisper": WhisperEncoder,
        "wav2vec2": transformers.Wav2Vec2Model,
        "hubert": transformers.HubertModel,
        "wavlm": transformers.WavLMModel,
        "wav2vec2-bert": transformers.Wav2Vec2BertModel,
    }[kind.family]
    return made(made.config_class.from_dict(dict(kind.architecture))).eval()


def best(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> list[float]:
    """Return the seconds of either side's best round, taken in turn."""
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for side, work in enumerate((theirs, ours)):
            start = time.process_time()
            work()
            seconds[side].append(time.process_time() - start)
    return [min(seconds[1]), min(seconds[0])]


def memory_at(seconds: int, network: Any) -> int:
    """Return the MiB that a clip takes beyond what is held already."""
    clip = (torch.randn(seconds * 16_000, 1) * 3000).to(torch.int16)
    forget_peak_memory(CPU)
    before = peak_memory(CPU)["host"]
    embed(network, Speech(clip, torch.tensor([len(clip)])))
    return peak_memory(CPU)["host"] - before


def main() -> None:
    """Print a row a backbone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--utterances", type=int, default=UTTERANCES)
    asked = parser.parse_args()
    keep_pages()
    torch.set_num_threads(1)
    some = speech(asked.utterances)
    seconds = len(some.features) / 16_000
    print(f"{surroundings()}; {len(some)} utterances, {seconds:.0f} s; best of {asked.rounds}.\n")
    print("| backbone | a core, x real time | loop, x real time | ratio | MiB for a clip of 60 s |")
    print("|:--|--:|--:|--:|--:|")
    for name in asked.names:
        kind = get_backbone(name)
        network = kind()
        ours, theirs = best(lambda of=network: embed(of, some), loop(kind, some), asked.rounds)
        print(
            f"| {name} | {seconds / ours:.1f} | {seconds / theirs:.1f} | {theirs / ours:.1f} | "
            f"{memory_at(60, network)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
