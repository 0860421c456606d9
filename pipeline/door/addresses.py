"""Which addresses lie in the open internet: the rule that whoever fetches something holds every socket to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: public by the letter of `is_global` (which differs by the Python's patch), but doors into some other network
#: https://www.iana.org/assignments/iana-ipv6-special-registry
REFUSED = tuple(
    ip_network(network)
    for network in (
        "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64
        "2002::/16", "2001::/32",  # 6to4, Teredo
        "::/96", "::ffff:0:0:0/96",  # IPv4-compatible, IPv4-translated
        "fec0::/10",  # site-local of old
        "192.0.0.0/24", "192.88.99.0/24",  # protocol assignments, 6to4 relays
    )
)  # fmt: skip


def is_public(address: str) -> bool:
    """Whether an IP address lies in the open internet."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_multicast or ip.is_reserved or not ip.is_global:
        return False
    return not any(ip in network for network in REFUSED if network.version == ip.version)
