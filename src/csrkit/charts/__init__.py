"""Charts: theme, fonts, the data behind them, and pictures."""
