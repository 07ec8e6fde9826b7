"""What may stand behind # in the name of an encoder: whisper-base#layer=3,lora=8."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xlser.backbones.backbone import Tuning
from xlser.errors import SettingsError

ALL = -1
"""In place of a layer: the states of all layers, from the input of the first to the last."""


@dataclass(frozen=True)
class Options:
    """Options of an encoder.

    Attributes:
        layer: whose states are pooled, or `ALL`.
        lora: rank of the matrices that fine-tuning adds; 0 for none.
        steps: batches of each stage of fine-tuning; 0 for those of the encoder's tuning.
    """

    layer: int
    lora: int = 0
    steps: int = 0

    @classmethod
    def read(cls, written: Mapping[str, str], name: str, depth: int, layer: int) -> "Options":
        """Return the options as they are written.

        Args:
            written: value by option.
            name: of the backbone, for the message.
            depth: layers of the encoder.
            layer: that is taken where none is written.

        Raises:
            SettingsError: there is no such option, or not with such a value.
        """
        found = {"layer": layer, "lora": 0, "steps": 0}
        for option, value in written.items():
            number = int(value) if value.isdecimal() else -1
            if (option, value) == ("layers", "all"):
                found["layer"] = ALL
            elif (option in ("lora", "steps") and number > 0) or (
                option == "layer" and 0 <= number <= depth
            ):
                found[option] = number
            else:
                raise SettingsError(
                    f"The backbone {name} has no option {option}={value}.",
                    f"It has layer=0 ... layer={depth}, layers=all, lora=RANK and steps=NUMBER: "
                    f"--backbone {name}#layer={layer}.",
                )
        return cls(**found)

    def changed(self, layer: int) -> dict[str, object]:
        """Return the options that differ from the default, as they are written."""
        written: dict[str, object] = {}
        if self.layer != layer:
            written |= {"layers": "all"} if self.layer == ALL else {"layer": self.layer}
        return written | {k: v for k, v in (("lora", self.lora), ("steps", self.steps)) if v}

    def tuned(self, tuning: Tuning) -> Tuning:
        """Return how the encoder is fine-tuned, with the steps asked for."""
        if not self.steps:
            return tuning
        schedule = dict(tuning.schedule or {})
        most = min(int(schedule.get("epochs", 10)), self.steps)
        epochs = next(n for n in range(most, 0, -1) if self.steps % n == 0)
        return replace(tuning, schedule={**schedule, "epochs": epochs, "steps": self.steps})
