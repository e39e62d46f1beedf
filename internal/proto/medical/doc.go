// Package medical decodes medical protocols: DICOM and HL7.
package medical
