// Package web decodes HTTP and what runs on it.
package web
