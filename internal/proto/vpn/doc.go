// Package vpn decodes what VPN and tunnel protocols show before encryption starts.
package vpn
