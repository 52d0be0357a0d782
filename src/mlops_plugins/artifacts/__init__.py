"""The files that stages exchange: how each is read, checked and written."""
