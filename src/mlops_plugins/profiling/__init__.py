"""What a table looks like: its columns, how they relate, and a page that shows it."""
