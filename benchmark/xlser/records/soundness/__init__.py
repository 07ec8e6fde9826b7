"""Whether a record agrees with itself, and with the method whose name it bears."""
