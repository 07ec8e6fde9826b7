"""Where jobs are computed: one machine, or engines that people already have."""

import lazy_loader

# What the room holds is stated in `__init__.pyi`, and imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
