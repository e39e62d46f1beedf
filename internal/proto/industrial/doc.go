// Package industrial decodes building and factory protocols: Modbus, BACnet and their relatives.
package industrial
