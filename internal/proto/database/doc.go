// Package database decodes the start of database connections: TDS (SQL Server), Oracle TNS, PostgreSQL, MySQL and
// MariaDB, DRDA (DB2).
//
// It reads product versions, programs and client host names, and notices passwords that cross the wire readable. It never
// reads queries, results, user names or passwords out; decoding ends when the log-in does.
package database
