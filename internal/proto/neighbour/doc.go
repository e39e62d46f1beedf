// Package neighbour decodes what is said on the link itself: ARP, neighbour discovery, LLDP, CDP, spanning tree, VRRP.
package neighbour
