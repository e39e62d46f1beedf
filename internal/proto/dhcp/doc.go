// Package dhcp decodes DHCPv4 and DHCPv6: what hosts call themselves and who gives out addresses.
package dhcp
