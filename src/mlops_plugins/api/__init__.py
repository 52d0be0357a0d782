"""What plugin authors write against: contracts, components, hooks and errors."""
