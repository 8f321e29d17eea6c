"""Public traces that ``podlore trace get`` knows: where each file lies, at which commit, and what its bytes must be."""

from dataclasses import dataclass

from podlore.errors import BadInput

SIMULATOR = (
    "https://raw.githubusercontent.com/hkust-adsl/kubernetes-scheduler-simulator/"
    "8f3d6417353c5083c6d56617f255fadd8dc306bc/data/csv/"
)
CLUSTERDATA = (
    "https://raw.githubusercontent.com/alibaba/clusterdata/"
    "50a91c7c74abe3b658188dc78ac1dd302970d40c/cluster-trace-gpu-v2023/csv/"
)
ADAPTDL = "https://raw.githubusercontent.com/petuum/adaptdl/de25dcc90c350b8ade3a710e437a651a8d2efae6/simulator/traces/"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file of which every byte is known."""

    name: str
    bytes: int
    sha256: str
    base: str

    @property
    def url(self) -> str:
        """Where it lies."""
        return self.base + self.name


@dataclass(frozen=True, slots=True)
class Source:
    """A public trace: its files, and what its publishers allow."""

    name: str
    title: str
    licence: str
    files: tuple[PinnedFile, ...]


OPENB_SUMS = """\
5a85c2af79c66a1efff8bbcbda430400aae56d8431370d738480967e1a9c6b15   52287 openb_node_list_all_node.csv
2beca64b4d3dfa342036a34b56a495c6cef9225db836c81f541282cb1df320b5   42353 openb_node_list_gpu_node.csv
8ed554026d041b15ff21ddc104d9a21dbd9a93c496262fa23ef7b5be27e220dc  518687 openb_pod_list_cpu037.csv
747f43247bffc2b0bb081d7f61f0705ca8d390dafc0b647e642c92f3baf3ba1e  525811 openb_pod_list_cpu050.csv
f8a2b031461b54d7b9f06d55473c2371eb3357b78a255c646bdca5e0833a8a2f  537576 openb_pod_list_cpu072.csv
bec1c33fbdde61fd463877534ec79b393aec73e1cbb22d55fab9f166ac480982  554709 openb_pod_list_cpu100.csv
b7e9d8a1a601da84d6e0b4110b19ef5001be5e4796d33e7b82f166ba95161f87  622703 openb_pod_list_cpu200.csv
87bebd4d012faa8305ce1fd82737f51cf03361aac28b75d42e34aa656d7f4ee0  651171 openb_pod_list_cpu235.csv
134c21ff96d57533df8a37b67632972884fec9396e77cd0898ddc370cc8e607d  663708 openb_pod_list_cpu250.csv
76528825f40ee662cb098b3b6e683c1efd9f87a0c8af7e628df1f32c639636d1  710698 openb_pod_list_cpu300.csv
1ee7ed79c27a3b0861cda8ddba86a004c6aba904caafa329a76ae93ca63834a8  575468 openb_pod_list_default.csv
12dbc07d6a49bf8641e2275a2ff5bf7be74b5df7d148d531e135b140b95f9a3d  561220 openb_pod_list_gpushare100.csv
9be2d0efb52e242c32e23dd184cc5fcc1983478c6c9c02cbb6b4b62925c0ffcd  574603 openb_pod_list_gpushare20.csv
d83ce79a4eb6987524bedbb0c65e41aed3a36bf6c1b78b86234c3687a07e1d40  572662 openb_pod_list_gpushare40.csv
d31809628128a1f24491086eda4af3e23882b9213d3ef57a56ee2d1af69492fe  566361 openb_pod_list_gpushare60.csv
88b6649369ced40d0fde287d2498ea61ff4b05fccba8bdc95daf6042f2f8431e  563740 openb_pod_list_gpushare80.csv
8f1c0ef7e4e511e982bd2818898ba22ee6d273bf5fce124b7ace285b5928cf4e  577176 openb_pod_list_gpuspec05.csv
2dc7e4cb9480484f08539720b433a9ec9ab5d76b396f3f7557c53a2ff78a7611  579461 openb_pod_list_gpuspec10.csv
6b9b89ab8913c1c074e994e98f548cf1a872fc5f76f2442ca8cd514a478b00a9  582612 openb_pod_list_gpuspec20.csv
9d030679a2ccd7e27a7ec9ff15baff34480d22a0012515691fc187e3f35ee68c  584915 openb_pod_list_gpuspec25.csv
eca4f746db1e5b25864ad021b55ece3943e101a3ebd4574d09dcb95c46117652  587467 openb_pod_list_gpuspec33.csv
d9ec6f6c74fb980cc0b81239470c6353fceea077ea9abd610003b604c7cc2b01  271530 openb_pod_list_multigpu20.csv
a5e479c6444b1d83eef848159cf00c3cfa13441b2d1e2c113c391b91f1cc5b11  277920 openb_pod_list_multigpu30.csv
32c9e8731ca07ef96108aa65f2a289bb9aacb47f642ed9e3789f99b242df60eb  286202 openb_pod_list_multigpu40.csv
206f2f5959db30ecb7c44e7f13197c8ec50b7a35558ad3777cc3662ef0fe5373  297219 openb_pod_list_multigpu50.csv
"""

CPU0_SUMS = """\
1bc3fd9ee5c1468ccd018f624d9222746e08d59f963f66b925804734271c0eaa  499765 openb_pod_list_cpu0.csv
"""

PHILLY_SUMS = """\
ebffb3dd1589bdf4e7bcd74496201c5ded1d557d498ee14f560463f37ec353da 3444496 philly.csv
"""


def _pinned(sums: str, base: str) -> tuple[PinnedFile, ...]:
    """Read lines of SHA-256, bytes and name."""
    rows = (line.split() for line in sums.splitlines())
    return tuple(PinnedFile(name, int(size), sha256, base) for sha256, size, name in rows)


SOURCES = (
    Source(
        "openb",
        "Alibaba GPU cluster trace 2023: node lists and pod lists",
        "Apache-2.0 (kubernetes-scheduler-simulator); openb_pod_list_cpu0.csv for research and study (clusterdata)",
        _pinned(OPENB_SUMS, SIMULATOR) + _pinned(CPU0_SUMS, CLUSTERDATA),
    ),
    Source(
        "philly",
        "Microsoft Philly, job level, as the Pollux artifact packs it",
        "CC-BY-4.0 (msr-fiddle/philly-traces), repackaged under Apache-2.0 (petuum/adaptdl)",
        _pinned(PHILLY_SUMS, ADAPTDL),
    ),
)


def source(name: str) -> Source:
    """Return a known trace by name.

    >>> source("philly").files[0].bytes
    3444496
    """
    for known in SOURCES:
        if known.name == name:
            return known
    raise BadInput(f"no trace {name!r} to get; known: {', '.join(known.name for known in SOURCES)}")
