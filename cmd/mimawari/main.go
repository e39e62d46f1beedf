// Command mimawari goes round a medical institution's network: it looks at what is there, holds it against the ledger and
// says what to do next. This package has the sub-commands and their flags; the work is done in internal/app.
package main

import (
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
