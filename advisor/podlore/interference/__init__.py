"""Who slows whom: measured co-runs come in, predicted speeds with intervals leave, and graphs and matchings of them."""
