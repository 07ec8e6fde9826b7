"""Transformer encoders by way of `transformers` (extra `xlser[encoders]`)."""
