// Package management decodes network management: SNMP, NTP, syslog, RADIUS, flow exports.
package management
