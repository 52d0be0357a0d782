"""From `conf/` to `params.yaml`: composing, checking and fingerprinting."""
