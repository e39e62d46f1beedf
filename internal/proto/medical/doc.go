// Package medical decodes what medical systems say to each other: DICOM (PS3.7, PS3.8), HL7 version 2 with and without
// MLLP, and MML/CLAIM of Japanese receipt computers.
//
// It reads who talks to whom and what kind of message it is, never about whom: data sets and all segments after a message
// header are passed over by their length, so no patient data can reach an observation.
package medical
