// Package printing decodes printing protocols: IPP, JetDirect, LPD.
package printing
