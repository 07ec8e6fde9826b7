"""EmoBox (Ma et al. 2024): its folds of four corpora as protocols, its figures beside ours."""
