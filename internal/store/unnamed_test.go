package store

import "testing"

func TestParametersLoseTheirNamesOnlyWhereNothingElseCanBeMeant(t *testing.T) {
	for query, want := range map[string]string{
		"INSERT INTO a (b, c) VALUES ($1,$2), ($3,$4)": "INSERT INTO a (b, c) VALUES (?,?), (?,?)",
		"VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)":      "VALUES (?,?,?,?,?,?,?,?,?,?)",
		"SELECT 1":                 "SELECT 1",
		"SELECT $2, $1":            "SELECT $2, $1",
		"SELECT $1 WHERE $1 > 0":   "SELECT $1 WHERE $1 > 0",
		"SELECT $12":               "SELECT $12",
		"SELECT $1 WHERE a = '$2'": "SELECT $1 WHERE a = '$2'",
		"SELECT $name":             "SELECT $name",
	} {
		if got := unnamed(query); got != want {
			t.Errorf("%s became %s, want %s", query, got, want)
		}
	}
}
