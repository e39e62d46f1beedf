package main

import "golang.org/x/sys/unix"

// smallDisk mounts a disk in memory of the given size.
func smallDisk(dir, size string) error {
	return unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
}

func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }
