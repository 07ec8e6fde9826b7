import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import xlser_agarla2022.protocols.build
import xlser_emobox.protocols.build
import xlser_protocols.build
from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols import get_protocol, protocol_names


@pytest.fixture
def editable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the v1 manifest that the registry reads in place of the committed one."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "v1.json").write_bytes((xlser_protocols.FOLDER / "v1.json").read_bytes())
    monkeypatch.setattr(xlser_protocols, "FOLDER", folder)
    get_protocol.cache_clear()
    yield folder / "v1.json"
    get_protocol.cache_clear()


@pytest.mark.parametrize(
    ("write", "folder"),
    [
        (xlser_protocols.build.write, xlser_protocols.FOLDER),
        (xlser_agarla2022.protocols.build.write, xlser_agarla2022.protocols.FOLDER),
        (xlser_emobox.protocols.build.write, xlser_emobox.protocols.FOLDER),
    ],
    ids=["suite", "agarla2022", "emobox"],
)
def test_committed_manifests_are_what_the_builder_writes(
    tmp_path: Path, write: Callable[[Path], None], folder: Path
) -> None:
    write(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    assert written == committed


def test_the_protocols_are_ten() -> None:
    of_papers = ["agarla2022", "agarla2022-4", "agarla2022-yaf"]
    of_emobox = [f"emobox-{corpus}" for corpus in ("cafe", "emovo", "ravdess", "savee")]
    assert protocol_names() == [*of_papers, "demo", *of_emobox, "v1", "v2"]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("agarla2022", "a532fc4dda4cfced3edb234b1e7179a565746ae416b9396a4619e1b78d5dd81c"),
        ("agarla2022-4", "e47c799364c20c5b03598efecb113a4c610e7aa3982e672dd27758307a03b7b2"),
        ("agarla2022-yaf", "017245d826403f7c1ea42ba265974146d8105ee3299579147a217e766c6af161"),
        ("demo", "47ba83b06e247fea7bd013e12ff6a86798282cf876fb8f430c304573991d70a0"),
        ("emobox-cafe", "2722853429b9a190fe1bd7a5ccf8400ead3f4cd5b00d484e3456a8e8455d0fc3"),
        ("emobox-emovo", "079c22362ce02997cd5b77ee83140ba8fd69f2425d584ad888db7071e5c4aea6"),
        ("emobox-ravdess", "803561c5f5c0771d2530ccf0eac8b321431178c76774f7a8fe1211f98bc879ef"),
        ("emobox-savee", "9b2c822a742a9c94910ab4ee2ec16701de898e6693d3db02e9d4ad7e7cc02506"),
        ("v1", "6d38a1d71a72779b21d3c8d51849ee093a2756b19b8ab9fe5c4199f052df14ad"),
    ],
)
def test_version_1_is_frozen(name: str, digest: str) -> None:
    protocol = get_protocol(name)
    assert (protocol.version, protocol.digest) == (1, digest)


def test_an_untouched_copy_is_accepted(editable: Path) -> None:
    assert get_protocol("v1").name == "v1"


def test_an_edited_manifest_is_refused_without_its_digest(editable: Path) -> None:
    manifest = json.loads(editable.read_text(encoding="utf-8"))
    test, train = manifest["splits"]["emodb"][0]["test"], manifest["splits"]["emodb"][0]["train"]
    test[0], train[0] = train[0], test[0]
    editable.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ProtocolError, match="does not have the digest it states") as caught:
        get_protocol("v1")
    assert str(editable) in caught.value.problem


def test_a_manifest_that_states_no_digest_is_refused(editable: Path) -> None:
    manifest = json.loads(editable.read_text(encoding="utf-8"))
    del manifest["digest"]
    editable.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ProtocolError, match="does not have the digest it states"):
        get_protocol("v1")


def test_layout_of_a_manifest_does_not_matter(editable: Path) -> None:
    manifest = json.loads(editable.read_text(encoding="utf-8"))
    reordered = dict(reversed(manifest.items()))
    editable.write_text(json.dumps(reordered), encoding="utf-8")
    assert get_protocol("v1").digest == manifest["digest"]


def test_an_unknown_protocol_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'agarla2022'"):
        get_protocol("agarla22")
