"""A GPU metrics exporter for the lab's fake nodes, in the words of NVIDIA's DCGM exporter.

One process speaks for all nodes, as that of fake-gpu-operator does for KWOK's; `Hostname` says which node is meant.
"""
