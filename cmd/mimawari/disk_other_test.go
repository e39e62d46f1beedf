//go:build !linux

package main

import "errors"

func smallDisk(string, string) error { return errors.New("only Linux is prepared for this") }

func unmount(string) error { return nil }
