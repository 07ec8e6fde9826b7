"""A protocol: frozen data from which every scenario follows."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import model_validator

from xlser.protocols.checks import check
from xlser.protocols.data import ProtocolData
from xlser.protocols.scenario import Catalogue, Labels, Scenario
from xlser.protocols.scenarios import Scenarios


class Protocol(ProtocolData):
    """A protocol whose fields fit together; changing one of them makes a new version.

    Raises:
        InvalidProtocolError: a field is missing, unknown or of another type, or `checks` finds a
            fault.
    """

    @model_validator(mode="after")
    def _checked(self) -> Self:
        check(self)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, checked like every protocol.

        Raises:
            InvalidProtocolError: the values do not fit together.
        """
        if not update:
            return super().model_copy(deep=deep)
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**kept, **update})

    def scenario(
        self,
        catalogue: Catalogue,
        target: str,
        labels: Labels,
        seed: int,
        fold: int = 0,
        draw: int = 0,
    ) -> Scenario:
        """Return one scenario; for several over the same utterances see `Scenarios`.

        Args:
            catalogue: utterances by corpus; source corpora may be absent, which the scenario
                states. Utterances of other classes are left out.
            target: a language of `targets`.
            labels: one of `budgets`, or "all".
            seed: one of `seeds`.
            fold: 0, 1, ... of `folds`.
            draw: of the labelled utterances: 0 the protocol's; 1, 2, ... others by the same rule.

        Raises:
            UnknownNameError: no such target.
            ProtocolError: a budget, seed or fold the protocol does not have, no source corpus or
                not every target corpus at hand, or exclusions that leave nothing to train or to
                test.
        """
        return Scenarios(self, catalogue).of(target, labels, seed, fold, draw)
