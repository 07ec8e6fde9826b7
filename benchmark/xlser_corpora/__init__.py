"""Corpora that are known by their file names: one file each, in folders by language.

They are plugins like anyone's: written against `xlser.corpora`, registered by entry points.
"""
