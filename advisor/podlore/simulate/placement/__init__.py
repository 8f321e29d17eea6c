"""Placement studies: pods arrive one by one, a policy puts each on a node or drops it, nothing departs.

The protocol is that of Weng et al., "Beware of Fragmentation", USENIX ATC 2023: arrivals up to 130 % of the GPU
capacity, and allocation and fragmentation read off against the arrived percentage.
"""
