"""The corpora that the suite knows by their file names: one file each, in folders by language."""
