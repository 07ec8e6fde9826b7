"""The encoders that are known by name; each revision is pinned to a commit of the Hub."""

from xlser.backbones.backbone import HubWeights, TrainedOn
from xlser.backbones.encoders.bert import Wav2Vec2BertBackbone
from xlser.backbones.encoders.wav2vec import HubertBackbone, Wav2Vec2Backbone, WavLMBackbone
from xlser.backbones.encoders.whisper import WhisperBackbone

MIDDLE = "the middle one, declared in advance"
CHOSEN = "chosen on the source speakers of v1 (xlser layers), docs/encoders.md"

_WHISPER = "Radford et al. (2023), Robust Speech Recognition via Large-Scale Weak Supervision, ICML"
_WEB = TrainedOn(
    "680,000 hours of transcribed speech from the web, 97 languages (two thirds English)",
    listed=False,
)
_LIBRISPEECH = TrainedOn("LibriSpeech, 960 hours of read English, without its transcripts")


def _whisper(layers: int, heads: int, width: int) -> dict[str, object]:
    return {
        "num_mel_bins": 80,
        "d_model": width,
        "encoder_layers": layers,
        "encoder_attention_heads": heads,
        "encoder_ffn_dim": 4 * width,
    }


class WhisperTiny(WhisperBackbone):
    """Whisper tiny, multilingual: 4 layers, 384 dimensions, 8 M parameters."""

    name, dimension, width, depth, layer = "whisper-tiny", 384, 384, 4, 2
    citation, trained_on, layer_rule = _WHISPER, _WEB, MIDDLE
    architecture = _whisper(4, 6, 384)
    weights = HubWeights(
        "openai/whisper-tiny", "169d4a4341b33bc18d8881c4b69c2e104e1cc0af", "Apache-2.0"
    )


class WhisperBase(WhisperBackbone):
    """Whisper base, multilingual: 6 layers, 512 dimensions, 21 M parameters."""

    name, dimension, width, depth, layer = "whisper-base", 512, 512, 6, 4
    citation, trained_on, layer_rule = _WHISPER, _WEB, CHOSEN
    architecture = _whisper(6, 8, 512)
    weights = HubWeights(
        "openai/whisper-base", "e37978b90ca9030d5170a5c07aadb050351a65bb", "Apache-2.0"
    )


class WhisperSmall(WhisperBackbone):
    """Whisper small, multilingual: 12 layers, 768 dimensions, 88 M parameters."""

    name, dimension, width, depth, layer = "whisper-small", 768, 768, 12, 6
    citation, trained_on, layer_rule = _WHISPER, _WEB, MIDDLE
    architecture = _whisper(12, 12, 768)
    weights = HubWeights(
        "openai/whisper-small", "973afd24965f72e36ca33b3055d56a652f456b4d", "Apache-2.0"
    )


class Wav2Vec2Base(Wav2Vec2Backbone):
    """wav2vec 2.0 base, not fine-tuned: 12 layers, 768 dimensions, 95 M parameters."""

    name, dimension, width, depth, layer = "wav2vec2-base", 768, 768, 12, 6
    citation = "Baevski et al. (2020), wav2vec 2.0, NeurIPS"
    trained_on, layer_rule, normalise = _LIBRISPEECH, MIDDLE, True
    weights = HubWeights(
        "facebook/wav2vec2-base", "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8", "Apache-2.0"
    )


class HubertBase(HubertBackbone):
    """HuBERT base: 12 layers, 768 dimensions, 94 M parameters."""

    name, dimension, width, depth, layer = "hubert-base", 768, 768, 12, 6
    citation = "Hsu et al. (2021), HuBERT, IEEE/ACM TASLP 29"
    trained_on, layer_rule, normalise = _LIBRISPEECH, MIDDLE, True
    weights = HubWeights(
        "facebook/hubert-base-ls960", "dba3bb02fda4248b6e082697eee756de8fe8aa8a", "Apache-2.0"
    )


class WavLMBasePlus(WavLMBackbone):
    """WavLM base+: 12 layers, 768 dimensions, 94 M parameters."""

    name, dimension, width, depth, layer = "wavlm-base-plus", 768, 768, 12, 6
    citation = "Chen et al. (2022), WavLM, IEEE JSTSP 16"
    trained_on = TrainedOn(
        "94,000 hours of English: Libri-Light (60,000), VoxPopuli (24,000), GigaSpeech (10,000)"
    )
    layer_rule = MIDDLE
    weights = HubWeights(
        "microsoft/wavlm-base-plus",
        "4c66d4806a428f2e922ccfa1a962776e232d487b",
        "CC BY-SA 3.0 (microsoft/UniSpeech)",
    )


class XLSR300M(Wav2Vec2Backbone):
    """XLS-R 300M: 24 layers, 1024 dimensions, 315 M parameters."""

    name, dimension, width, depth, layer = "xls-r-300m", 1024, 1024, 24, 12
    citation = "Babu et al. (2022), XLS-R, Interspeech"
    trained_on = TrainedOn(
        "436,000 hours in 128 languages: VoxPopuli, Multilingual LibriSpeech, Common Voice, "
        "VoxLingua107, BABEL"
    )
    layer_rule, normalise = MIDDLE, True
    architecture = {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "feat_extract_norm": "layer",
        "conv_bias": True,
        "do_stable_layer_norm": True,
    }
    weights = HubWeights(
        "facebook/wav2vec2-xls-r-300m", "1a640f32ac3e39899438a2931f9924c02f080a54", "Apache-2.0"
    )


class MHubert147(HubertBackbone):
    """mHuBERT-147, third iteration: 12 layers, 768 dimensions, 94 M parameters."""

    name, dimension, width, depth, layer = "mhubert-147", 768, 768, 12, 6
    citation = "Zanon Boito et al. (2024), mHuBERT-147, Interspeech"
    trained_on = TrainedOn("90,000 hours in 147 languages, from 17 corpora of open licences")
    layer_rule, normalise = MIDDLE, True
    weights = HubWeights(
        "utter-project/mHuBERT-147", "69467f5ee758b795c77abe33ac4a09dff1b82fdf", "CC BY-NC-SA 4.0"
    )


class Wav2Vec2Bert2(Wav2Vec2BertBackbone):
    """w2v-BERT 2.0: 24 layers, 1024 dimensions, 580 M parameters."""

    name, dimension, width, depth, layer = "w2v-bert-2", 1024, 1024, 24, 12
    citation = "Barrault et al. (2023), Seamless: Multilingual Expressive and Streaming Translation"
    trained_on = TrainedOn("4.5 million hours of speech in 143 languages", listed=False)
    layer_rule = MIDDLE
    weights = HubWeights("facebook/w2v-bert-2.0", "da985ba0987f70aaeb84a80f2851cfac8c697a7b", "MIT")
