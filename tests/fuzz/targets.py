"""What the fuzzing feeds: each target reads inputs, and may raise nothing but typed errors."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.demo import Demo, request
from tests.fuzz import audio, names, records, toml
from tests.fuzz.tally import Tally

EXAMPLES = Path(__file__).parent / "examples"
"""Inputs that failed once, shrunk: `<target>/<digest>`."""


@dataclass(frozen=True)
class Target:
    """A reader of inputs.

    Attributes:
        name: also of its folder of examples.
        share: of all inputs that the command gives it.
        batches: inputs, many at a time.
        read: returns None for what is accepted, else the kind of error; raises whatever else.
    """

    name: str
    share: float
    batches: st.SearchStrategy[list[bytes]]
    read: Callable[[bytes], str | None]

    def try_some(
        self,
        tally: Tally,
        examples: int,
        start: int = 0,
        failed: Callable[[bytes, BaseException], None] | None = None,
        most: int | None = None,
    ) -> None:
        """Read batches of inputs, the same for the same `start`.

        Args:
            tally: counts them.
            examples: batches.
            start: of the draws.
            failed: takes an input that raised what it must not; without it, it is raised.
            most: inputs of the tally at which it ends.
        """

        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @seed(start)
        @given(self.batches)
        def read_all(batch: list[bytes]) -> None:
            for content in batch:
                if most is not None and tally.inputs >= most:
                    return
                try:
                    outcome = self.read(content)
                except Exception as error:
                    if failed is None:
                        raise
                    failed(content, error)
                    outcome = f"FAILED: {type(error).__name__}"
                tally.count(content, outcome)

        read_all()


def shrunk(content: bytes, fails: Callable[[bytes], bool], tries: int = 3000) -> bytes:
    """Return a smaller input that fails too: stretches are left out, then bytes made zero."""
    size = max(len(content) // 2, 1)
    while size:
        at = 0
        while at < len(content) and tries > 0:
            less = content[:at] + content[at + size :]
            tries -= 1
            if fails(less):
                content = less
            else:
                at += size
        size //= 2
    for at in range(min(len(content), max(tries, 0))):
        plain = content[:at] + b"\0" + content[at + 1 :]
        content = plain if content[at] and fails(plain) else content
    return content


def demo_record(cache: Path, folder: Path) -> Path:
    """Run a method on the demo; return its record."""
    Demo(cache).run(request(["svm"], labels=[20]), folder)
    (path,) = folder.rglob("*.json")
    return path


def decoder(folder: Path) -> Target:
    """Recordings, decoded."""
    path = folder / "recording.wav"
    return Target("decoder", 0.2, audio.batches(), lambda content: audio.read(content, path))


def parsers() -> Target:
    """Names, parsed."""
    return Target("names", 0.4, names.batches(), names.read)


def reader(demo: Path, folder: Path) -> Target:
    """Records, read and scored."""
    made = records.batches(records.originals(demo))
    path = folder / "record.json"
    return Target("reader", 0.2, made, lambda content: records.read(content, path))


def validation(demo: Path, folder: Path) -> Target:
    """Records, compared with their protocol."""
    made = records.batches(records.originals(demo)[:1])
    path = folder / demo.name
    return Target("validation", 0.1, made, lambda content: records.look_at(content, path))


def tables(folder: Path) -> Target:
    """TOML, read as settings and as protocols."""
    return Target("toml", 0.1, toml.batches(), lambda content: toml.read(content, folder))


def all_targets(cache: Path, folder: Path) -> list[Target]:
    """Return every target; files lie in `folder`."""
    (folder / "demo").mkdir()
    demo = demo_record(cache, folder / "demo")
    places = [folder / name for name in ("decoder", "reader", "validation", "toml")]
    for place in places:
        place.mkdir()
    return [
        decoder(places[0]),
        parsers(),
        reader(demo, places[1]),
        validation(demo, places[2]),
        tables(places[3]),
    ]
