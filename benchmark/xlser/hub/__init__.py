"""Results on the Hugging Face Hub: sent as a dataset, read as a folder."""
