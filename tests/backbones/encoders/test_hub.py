"""Models of the Hub: fetched once, pinned, used offline; what cannot be loaded is said in words."""

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.backbones.encoders.conftest import speech
from tests.backbones.encoders.models import MODELS
from tests.demo import Demo
from tests.local_hub import COMMIT, Hub, serving, use

from xlser.backbones import HubWeights, find_weights, get_backbone, pretrained
from xlser.backbones.backbone import specialised
from xlser.backbones.encoders.published import WhisperBase
from xlser.errors import MissingExtraError, SettingsError, WeightsError
from xlser.settings import Settings

Folders = Callable[[str], Path]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A local hub and an empty cache of its own."""
    with serving() as hub:
        use(hub.address, tmp_path / "hub", monkeypatch)
        yield hub


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_fetched_once_and_gives_what_its_folder_gives(
    name: str, hub: Hub, settings: Settings, folders: Folders
) -> None:
    hub.put("owner/tiny", folders(name))
    first = pretrained(f"hf:owner/tiny@{COMMIT}", settings)
    asked = len(hub.requests)
    assert asked
    again = pretrained(f"hf:owner/tiny@{COMMIT}", settings)
    assert len(hub.requests) == asked
    local = pretrained(f"hf:{folders(name)}", settings)
    assert first.digest == again.digest == local.digest
    waveforms, lengths = speech(8_000, 5_000)
    made = [backbone.build().eval()(waveforms, lengths) for backbone in (first, again, local)]
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], made[2])


def test_a_branch_is_pinned_in_the_name(hub: Hub, settings: Settings, folders: Folders) -> None:
    hub.put("owner/tiny", folders("whisper"))
    kind = pretrained("hf:owner/tiny#layer=1", settings).kind
    assert kind.name == f"hf:owner/tiny@{COMMIT}"  # of three layers the first is the middle one
    assert kind.revision() == COMMIT
    assert find_weights(kind, settings) is not None
    other = pretrained("hf:owner/tiny@main#layer=3", settings).kind
    assert other.name == f"hf:owner/tiny@{COMMIT}#layer=3"


def test_a_fetched_model_is_used_offline(
    hub: Hub, settings: Settings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    hub.put("owner/tiny", folders("hubert"))
    digest = pretrained("hf:owner/tiny", settings).digest
    asked = len(hub.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for revision in ("", "@main", f"@{COMMIT}"):
        assert pretrained(f"hf:owner/tiny{revision}", settings).digest == digest
    assert len(hub.requests) == asked


def test_pickled_weights_are_loaded_without_running_code(
    hub: Hub, settings: Settings, folders: Folders, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    old = tmp_path / "old"
    shutil.copytree(folders("wav2vec2"), old)
    state = load_file(old / "model.safetensors")
    (old / "model.safetensors").unlink()
    torch.save({f"wav2vec2.{_as_of_old(name)}": value for name, value in state.items()},
               old / "pytorch_model.bin")  # fmt: skip
    hub.put("owner/old", old)
    expected = pretrained(f"hf:{folders('wav2vec2')}", settings).digest
    assert pretrained("hf:owner/old", settings).digest == expected


def _as_of_old(name: str) -> str:
    """Return the name that weights of a normed convolution had until torch 2."""
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        name = name.replace(f"parametrizations.weight.{new}", old)
    return name


def test_shards_are_joined(hub: Hub, settings: Settings, folders: Folders, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    parts = tmp_path / "parts"
    shutil.copytree(folders("wavlm"), parts)
    state = load_file(parts / "model.safetensors")
    (parts / "model.safetensors").unlink()
    names = sorted(state)
    where = {}
    for shard, some in (("a.safetensors", names[::2]), ("b.safetensors", names[1::2])):
        save_file({name: state[name] for name in some}, parts / shard)
        where |= dict.fromkeys(some, shard)
    (parts / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    hub.put("owner/parts", parts)
    expected = pretrained(f"hf:{folders('wavlm')}", settings).digest
    assert pretrained("hf:owner/parts", settings).digest == expected


def test_half_precision_has_the_digest_of_what_it_is_widened_to(
    settings: Settings, folders: Folders, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    half, wide = tmp_path / "half", tmp_path / "wide"
    for folder in (half, wide):
        shutil.copytree(folders("whisper"), folder)
    state = {k: v.half() for k, v in load_file(half / "model.safetensors").items()}
    save_file(state, half / "model.safetensors")
    save_file({k: v.float() for k, v in state.items()}, wide / "model.safetensors")
    digests = [pretrained(f"hf:{folder}", settings).digest for folder in (half, wide)]
    assert digests[0] == digests[1] != pretrained(f"hf:{folders('whisper')}", settings).digest


def test_the_encoder_alone_has_the_digest_of_the_whole_model(
    settings: Settings, folders: Folders, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    alone = tmp_path / "alone"
    shutil.copytree(folders("whisper"), alone)
    state = load_file(alone / "model.safetensors")
    own = {k.partition("encoder.")[2]: v for k, v in state.items() if k.startswith("encoder.")}
    save_file(own, alone / "model.safetensors")
    expected = pretrained(f"hf:{folders('whisper')}", settings).digest
    assert pretrained(f"hf:{alone}", settings).digest == expected


@pytest.mark.parametrize(
    ("asked", "problem", "remedy"),
    [
        ("hf:owner/none", "owner/none is not on the Hub, or it is private", "hf auth login"),
        ("hf:owner/gated", "owner/gated is gated", "https://huggingface.co/owner/gated"),
        ("hf:owner/tiny@v9", "owner/tiny has no revision 'v9'", "commits"),
        ("hf:owner/empty", "owner/empty holds no config.json", "save_pretrained"),
        ("hf:owner/bare", "owner/bare at .* holds neither", "PyTorch"),
        ("hf:owner/text", "family 'bert', which the suite does not know", "whisper, wav2vec2"),
        ("hf:not a name", "'not a name' is not the name of a model", "owner/name"),
        ("hf:/nowhere/at/all", "/nowhere/at/all holds no config.json", "save_pretrained"),
    ],
)
def test_what_cannot_be_had_is_said(
    asked: str, problem: str, remedy: str, hub: Hub, settings: Settings, folders: Folders
) -> None:
    hub.put("owner/tiny", folders("whisper"))
    hub.gated.add("owner/gated")
    hub.files["owner/empty"] = {"README.md": b"nothing"}
    hub.files["owner/bare"] = {"config.json": (folders("whisper") / "config.json").read_bytes()}
    hub.files["owner/text"] = {"config.json": b'{"model_type": "bert"}'}
    with pytest.raises(WeightsError, match=problem) as caught:
        pretrained(asked, settings)
    assert remedy in caught.value.remedy


def test_offline_without_the_model_it_says_so(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="is not on this machine, and the Hub") as caught:
        pretrained("whisper-tiny", settings)
    assert "hf:/path/to/it" in caught.value.remedy
    assert not hub.requests


def test_a_hub_that_is_down_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use("http://127.0.0.1:9", tmp_path / "hub", monkeypatch)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    with pytest.raises(WeightsError, match="the Hub cannot be reached"):
        pretrained("hubert-base", settings)


def test_a_missing_extra_is_said(settings: Settings, folders: Folders) -> None:
    """In a process in which the package cannot be imported."""
    code = (
        "import sys; sys.modules['transformers'] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda n, *a: None if n == 'transformers' else find(n, *a)\n"
        "from pathlib import Path\n"
        "from xlser.backbones import pretrained\n"
        "from xlser.settings import Settings\n"
        "for name in sys.argv[1:]:\n"
        "    try: pretrained(name, Settings(cache=Path('x')))\n"
        "    except Exception as e: print(type(e).__name__, '|', *str(e).splitlines())\n"
    )
    asked = [f"hf:{folders('whisper')}", "hf:owner/tiny", "whisper-base"]
    done = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    for line in lines:
        assert line.startswith(MissingExtraError.__name__)
        assert "pip install 'xlser[encoders]'" in line


def test_a_folder_of_the_name_below_the_weights_is_used(
    hub: Hub, folders: Folders, tmp_path: Path
) -> None:
    settings = Settings(cache=tmp_path / "cache", weights=str(tmp_path / "weights"))
    shutil.copytree(folders("whisper"), tmp_path / "weights" / "whisper-base-encoder")
    assert find_weights(WhisperBase, settings) == tmp_path / "weights" / "whisper-base-encoder"
    with pytest.raises(WeightsError, match="holds 3 layers of 32, not 6 of 512") as caught:
        pretrained("whisper-base", settings)
    assert "--weights" in caught.value.remedy
    assert not hub.requests


def test_weights_that_are_not_whole_are_refused(
    settings: Settings, folders: Folders, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    for fault in ("missing", "shape", "torn"):
        broken = tmp_path / fault
        shutil.copytree(folders("xls-r"), broken)
        file = broken / "model.safetensors"
        state = load_file(file)
        if fault == "missing":
            del state["feature_projection.projection.bias"]
        if fault == "shape":
            state["feature_projection.projection.bias"] = torch.zeros(31)
        save_file(state, file)
        if fault == "torn":
            file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(WeightsError, match=r"feature_projection|can be read"):
            pretrained(f"hf:{broken}", settings)


@pytest.mark.parametrize("option", ["layer=4", "layer=-1", "layers=2", "lora=0", "depth=2"])
def test_an_option_that_is_none_is_refused(
    option: str, settings: Settings, folders: Folders
) -> None:
    with pytest.raises(SettingsError, match=f"has no option {option}") as caught:
        pretrained(f"hf:{folders('whisper')}#{option}", settings)
    assert "layer=0 ... layer=3" in caught.value.remedy


def test_the_layers_that_names_stand_for_do_not_move() -> None:
    """Records state the name: another default would be another row under the same name."""
    layers = {"whisper-tiny": 2, "whisper-base": 4, "whisper-small": 6, "wav2vec2-base": 6,
              "hubert-base": 6, "wavlm-base-plus": 6, "xls-r-300m": 12, "mhubert-147": 6,
              "w2v-bert-2": 12}  # fmt: skip
    assert {name: get_backbone(name).layer for name in layers} == layers


def test_names_are_canonical() -> None:
    assert get_backbone("whisper-base#layer=4").name == "whisper-base"
    assert get_backbone("whisper-base#lora=8,layer=3").name == "whisper-base#layer=3,lora=8"
    stacked = get_backbone("whisper-base#layers=all")
    assert (stacked.name, stacked.stacked, stacked.dimension) == (
        "whisper-base#layers=all", 7, 7 * 512,
    )  # fmt: skip
    with pytest.raises(SettingsError, match="sets nothing"):
        get_backbone("whisper-base#layer")
    with pytest.raises(SettingsError, match="has no option 'layer'"):
        get_backbone("audiontt-512#layer=3")


def test_published_encoders_are_pinned_and_state_what_they_were_trained_on() -> None:
    names = ["whisper-tiny", "whisper-base", "whisper-small", "wav2vec2-base", "hubert-base",
             "wavlm-base-plus", "xls-r-300m", "mhubert-147", "w2v-bert-2"]  # fmt: skip
    for name in names:
        kind = get_backbone(name)
        assert isinstance(kind.weights, HubWeights)
        assert len(kind.weights.revision) == 40
        assert "hours" in kind.trained_on.data
        assert kind.terms()
        assert kind.layer_rule
        assert kind.dimension == kind.width
        assert 0 < kind.layer < kind.depth


@pytest.mark.parametrize("name", ["whisper", "hubert"])
def test_an_encoder_travels_to_another_process(
    name: str, settings: Settings, folders: Folders
) -> None:
    backbone = pretrained(f"hf:{folders(name)}#layers=all", settings)
    there = pickle.loads(pickle.dumps(backbone))
    assert (there.kind.name, there.digest) == (f"hf:{name}#layers=all", backbone.digest)
    assert there.kind.dimension == backbone.kind.dimension == 4 * 32
    waveforms, lengths = speech(4_000, 3_000)
    assert torch.equal(
        there.build().eval()(waveforms, lengths), backbone.build().eval()(waveforms, lengths)
    )
    with pytest.raises(RuntimeError, match="Missing key"):  # not random weights instead
        backbone.without_state().build()


def test_a_failed_run_says_how_to_get_a_folder_again(settings: Settings, folders: Folders) -> None:
    kind = pretrained(f"hf:{folders('whisper')}#layer=2", settings).kind
    assert kind.name == "hf:whisper#layer=2"
    assert kind.asked == f"hf:{folders('whisper')}#layer=2"


def test_embeddings_of_two_layers_are_kept_apart_whatever_their_name(
    folders: Folders, tmp_path: Path
) -> None:
    """The layer that a name stands for may be another one in a later version."""
    demo = Demo(tmp_path)
    asked = f"hf:{folders('whisper')}"
    inputs = demo.inputs("frozen", asked)
    later = replace(inputs.backbone, kind=specialised(inputs.backbone.kind, layer=2))
    moved = replace(demo.pipeline(backbone=asked).inputs("frozen"), backbone=later)
    assert moved.unprepared()[1] == list(inputs.catalogue.inventories)
    assert inputs.unprepared()[1] == []
