// Package inventory says who is on the network and what it is, and holds that against the ledger. It joins the bindings,
// observations and conversations of one patrol into hosts (Build), names class, maker, model, system and roles with the
// signals that say so (rules in catalog/products), and finds where the network and the ledger differ (Drift).
//
// It is pure: no clock, no I/O beyond the embedded catalog, and equal input gives equal output. It does not judge traffic
// (package detect does) and never changes the ledger.
//
// What a host is: one machine. A MAC alone is no identity: a router's MAC carries many machines' addresses, phones change
// theirs, a laptop has two, an FHRP address moves between routers. Addresses are joined to a MAC when the MAC claims them
// (ARP, NDP, DHCP, an address table) or, for a MAC that carries for nobody else, when its frames come from them. MACs and
// addresses are joined to one machine by DHCP client id, by a name of its own within one domain, by EUI-64, and as a team of
// neighbouring MACs that answer for one address. What is not sure stays apart: two entries for one machine are a smaller slip than one
// entry for two machines.
//
// Unknown stays unknown: an address that only others talk about or that never answered is no host.
package inventory
