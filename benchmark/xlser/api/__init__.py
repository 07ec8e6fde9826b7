"""The functions behind `import xlser`, and the one pipeline behind them and behind the commands."""
