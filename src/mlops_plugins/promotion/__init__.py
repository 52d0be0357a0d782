"""Who is champion, since when and why: an append-only history, and what moves by it."""
