"""Agarla et al. (2022): its protocols, its tables and figures beside ours, its claims."""
