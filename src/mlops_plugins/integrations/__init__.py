"""Tools that have several roles: what their stages share."""
