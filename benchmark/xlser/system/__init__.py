"""Files, memory and threads of this machine."""
