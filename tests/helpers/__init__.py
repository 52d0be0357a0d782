"""What tests share: projects, services, tables, and ways to look at what was made."""
