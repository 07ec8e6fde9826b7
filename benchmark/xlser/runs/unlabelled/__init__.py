"""What becomes of unlabelled speech in a run: counted by the method's process, judged by ours."""
