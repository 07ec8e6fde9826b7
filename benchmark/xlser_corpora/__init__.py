"""Corpora that are known by their file names: one file each, in folders by language.

They are plugins: written against `xlser.corpora`, registered by entry points.
"""
