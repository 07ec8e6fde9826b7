"""Several methods, each language standardised by itself, and their mean answer."""

from xlser.methods import Method, Predictor, Task
from xlser_baselines.committee import Committee


class AlignedCommittee(Committee):
    """Mean of the probabilities of methods of four kinds over aligned languages.

    Each member standardises the source by the source's train speech and the target by the
    target's, labelled or not (`standardisation=language`; after Li et al. 2017). Which methods are
    members, and that they standardise so, was chosen with CREMA-D and RAVDESS, speech of the
    source, in the place of a target language (docs/best.md). All that is to be recognised is
    standardised as the target, English too, which costs English accuracy. Its twin is made of the
    members' twins, which standardise the target by its labelled speech.
    """

    name = "aligned-committee"
    citation = (
        "Ours, after Li et al. (2017), Revisiting batch normalization for domain adaptation, ICLR "
        "W, and Hansen & Salamon (1990), Neural network ensembles, IEEE TPAMI"
    )
    members: tuple[str, ...] = ("mean-teacher", "softmatch", "deep-coral", "svm")

    def fit(self, task: Task) -> Predictor:
        """Fit every member; a twin's have no unlabelled speech to standardise by.

        Where there is no target speech at all, members standardise as they declare.
        """
        visible = self.visible(task)
        self._aligns = len(visible.target_labelled.speech) + len(visible.target_unlabelled) > 0
        return super().fit(visible)

    def _member(self, kind: type[Method]) -> Method:
        known = kind.default_settings()
        choice = self._aligns and "standardisation" in known
        aligned = {"standardisation": "language"} if choice else {}
        twin = {"twin": True} if self.twin and "twin" in known else {}
        return kind(**aligned, **twin)
