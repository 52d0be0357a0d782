"""Split: decide which rows train and which test. The splits need Arrow only."""
