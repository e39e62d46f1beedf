// Package remote decodes remote-control programs: VNC, TeamViewer, AnyDesk and their relatives.
package remote
