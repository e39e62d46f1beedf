// Package printing decodes raw printing (JetDirect on port 9100, with PJL) and LPD. IPP belongs to package web.
//
// It says that a machine takes print jobs and what it calls itself; jobs, their names and their owners are not looked at.
package printing
