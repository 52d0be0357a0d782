"""The conformance suite: what every implementation must do, as tests that a plugin's author runs.

Two lines of pytest check a whole plugin:

    @pytest.mark.parametrize("check", checks("acme-ml"), ids=str)
    def test_conformance(check, tmp_path):
        check(tmp_path)

It needs mlops-plugins[sklearn], and what the plugin itself needs. All is done to real tables, which
the package and scikit-learn carry: 409 flights above all, of which `late` (0 or 1) is the target,
`scheduled` the time and `flight_id` the id.
"""

from mlops_plugins.testing.failure import ConformanceError
from mlops_plugins.testing.rows import example_rows
from mlops_plugins.testing.suite import Check, checks

__all__ = ["Check", "ConformanceError", "checks", "example_rows"]
