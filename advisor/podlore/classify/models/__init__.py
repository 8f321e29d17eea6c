"""The models that are compared, as scikit-learn estimators over texts: one file each."""
