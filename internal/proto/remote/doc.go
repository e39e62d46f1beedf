// Package remote recognises programs with which a computer is controlled from afar, by their own protocols: VNC,
// TeamViewer, RustDesk, NoMachine, Radmin, DameWare.
//
// Those that hide in TLS (AnyDesk, ScreenConnect, Chrome Remote Desktop, relays of most others) are known by names in
// TLS and DNS, which is the business of detection rules, not of this package.
package remote
