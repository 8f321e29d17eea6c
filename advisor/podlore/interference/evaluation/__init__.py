"""How good predictions of co-runs are, by splits that cannot leak, beside baselines run in the same splits."""
