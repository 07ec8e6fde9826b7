"""Files of settings and of protocols in TOML, almost sound ones and others."""

from pathlib import Path

from hypothesis import strategies as st
from tests.fuzz.inputs import ODD_TEXT, any_text, require_memory
from tests.fuzz.record_text import flipped, overwritten, truncated

from xlser.errors import ManifestError, XlserError
from xlser.protocols.recipe import read_recipe
from xlser.settings import Settings

SETTINGS = b"""\
[corpora]
emodb = "/data/EmoDB"
[exclude]
emodb = ["03a01Fa", "*Nc"]
[corpora.mine]
table = "mine.csv"
folder = "~/speech"
language = "greek"
columns = { speaker = "speaker_id" }
labels = { thymos = "anger" }
drop = ["other"]
naturalness = "acted"
"""
PROTOCOL = b"""\
name = "mine"
sources = ["demo-english"]
targets = ["demo-german"]
seeds = 1
folds = 2
budgets = [0, 10, 20]
headline_budgets = [10, 20]
classes = ["anger", "fear", "sadness"]
label_map = { demo-german = { fear = "fear" } }
"""
ODD = [
    *(b"0", b"-1", b"1e400", b"nan", b"inf", b"9" * 5000, b"true", b"''", b'"\\u0000"', b"[]"),
    *(b"{}", b"[" * 3000, b"{a=" * 3000, b"a." * 3000 + b"a", b"[[" + b"a" * 3000 + b"]]"),
    *(b"[1, 'a']", b"1979-05-27", b"0x7f", b"'~nobody/x'", b'"\\ud800"', b"\xff", b"\x00", b"="),
]
PLACES = 60


@st.composite
def batches(draw: st.DrawFn) -> list[bytes]:
    """Files that differ by the same change, each at another place; the first byte says which."""
    mark, whole = draw(st.sampled_from([(b"S", SETTINGS), (b"S", SETTINGS), (b"P", PROTOCOL)]))
    way = draw(st.integers(0, 4))
    odd_text = (any_text(6) | st.sampled_from(ODD_TEXT)).map(
        lambda text: text[:5000].encode("utf-8", "surrogatepass")
    )
    stretch = draw(st.sampled_from(ODD) | odd_text | st.binary(max_size=5))
    if way == 0:
        texts = flipped(whole, draw(st.integers(0, 7)), draw(st.integers(0, 5)), PLACES)
    elif way == 1:
        texts = truncated(whole, draw(st.integers(0, 5)), PLACES)
    elif way == 2:
        texts = overwritten(whole, stretch, draw(st.integers(0, 9)), PLACES)
    else:
        lines = whole.splitlines()
        values = [line.partition(b"=")[0] + b"= " + stretch for line in lines]
        texts = [
            b"\n".join([*lines[:at], value if way == 3 else lines[-1], *lines[at + 1 :]])
            for at, value in enumerate(values)
        ]
    return [mark + text for text in texts]


def read(content: bytes, folder: Path) -> str | None:
    """Read a file as settings or as a protocol."""
    try:
        if content[:1] == b"S":
            (folder / "xlser.toml").unlink(missing_ok=True)
            (folder / "xlser.toml").write_bytes(content[1:])
            Settings.gather(folder=folder)
        else:
            (folder / "mine.toml").write_bytes(content[1:])
            read_recipe(folder / "mine.toml", Settings(cache=folder))
    except XlserError as error:
        require_memory(error)
        if content[:1] == b"P" and not isinstance(error, ManifestError):
            raise AssertionError(error) from error
        return type(error).__name__
    return None
