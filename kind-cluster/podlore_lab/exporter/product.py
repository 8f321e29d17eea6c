"""What the exporter knows of GPU products: power, clocks, and how DCGM writes their names."""

from typing import NamedTuple


class Product(NamedTuple):
    """A GPU product: the name in ``modelName``, watts idle and at most, clocks in MHz, NVLink bytes a second."""

    model_name: str
    idle_watts: float
    max_watts: float
    idle_mhz: int = 210
    max_mhz: int = 1410
    nvlink_bytes: float = 0.0


PRODUCTS: dict[str, Product] = {
    "Tesla-T4": Product("Tesla T4", 10, 70, 300, 1590),
    "NVIDIA-A10": Product("NVIDIA A10", 22, 150, 210, 1695),
    "NVIDIA-L4": Product("NVIDIA L4", 16, 72, 210, 2040),
    "NVIDIA-L40S": Product("NVIDIA L40S", 35, 350, 210, 2520),
    "Tesla-P100-PCIE-16GB": Product("Tesla P100-PCIE-16GB", 27, 250, 405, 1328),
    "Tesla-V100-SXM2-16GB": Product("Tesla V100-SXM2-16GB", 42, 300, 135, 1530, 150e9),
    "Tesla-V100-SXM2-32GB": Product("Tesla V100-SXM2-32GB", 43, 300, 135, 1530, 150e9),
    "NVIDIA-A100-SXM4-40GB": Product("NVIDIA A100-SXM4-40GB", 55, 400, 210, 1410, 300e9),
    "NVIDIA-A100-SXM4-80GB": Product("NVIDIA A100-SXM4-80GB", 62, 400, 210, 1410, 300e9),
    "NVIDIA-H100-80GB-HBM3": Product("NVIDIA H100 80GB HBM3", 72, 700, 345, 1980, 450e9),
    "NVIDIA-H200": Product("NVIDIA H200", 78, 700, 345, 1980, 450e9),
    "NVIDIA-B200": Product("NVIDIA B200", 140, 1000, 120, 1965, 900e9),
    # openb's words for its models; G1, G2 and G3 are not disclosed
    "T4": Product("Tesla T4", 10, 70, 300, 1590),
    "P100": Product("Tesla P100-PCIE-16GB", 27, 250, 405, 1328),
    "V100M16": Product("Tesla V100-SXM2-16GB", 42, 300, 135, 1530, 150e9),
    "V100M32": Product("Tesla V100-SXM2-32GB", 43, 300, 135, 1530, 150e9),
    "A10": Product("NVIDIA A10", 22, 150, 210, 1695),
}
"""By the value of the node label ``nvidia.com/gpu.product``; board powers are the vendor's, idle ones typical."""


def product_of(label: str) -> Product:
    """Return what is known of a product, or a plain guess under its own name.

    >>> product_of("NVIDIA-H200").max_watts, product_of("G2").model_name
    (700, 'G2')
    """
    return PRODUCTS.get(label) or Product(label, 40, 300)
