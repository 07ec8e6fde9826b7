"""XL-SER: semi-supervised cross-lingual speech emotion recognition, benchmarked."""
