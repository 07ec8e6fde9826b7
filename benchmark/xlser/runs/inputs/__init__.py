"""What runs read: the corpora of a protocol on this machine, and speech as features of them."""

from xlser.runs.inputs.catalogue import Catalogue, gather
from xlser.runs.inputs.inputs import Inputs, PortableInputs, Watch
from xlser.runs.inputs.order import ordered_by_recording

__all__ = ["Catalogue", "Inputs", "PortableInputs", "Watch", "gather", "ordered_by_recording"]
