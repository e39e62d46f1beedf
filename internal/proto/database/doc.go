// Package database decodes the session set-up of databases.
package database
