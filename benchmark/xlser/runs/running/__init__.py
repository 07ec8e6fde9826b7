"""How a method runs: in this process or sealed, and asked in other company."""
