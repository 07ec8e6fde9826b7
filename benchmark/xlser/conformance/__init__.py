"""Checks of methods and corpora against their contracts."""

import lazy_loader

# What the room holds is stated in `__init__.pyi`: checks of corpora need no torch.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
