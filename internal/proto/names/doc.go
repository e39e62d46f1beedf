// Package names decodes name services: DNS, mDNS, LLMNR, NetBIOS names.
package names
