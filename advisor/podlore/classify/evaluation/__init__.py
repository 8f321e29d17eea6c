"""The protocol by which event classifiers are measured: splits that cannot leak, scores with intervals, comparisons."""
