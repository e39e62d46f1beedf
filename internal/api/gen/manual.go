package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
)

const head = "<!-- Made by `go generate ./internal/api` out of the operations. Don't edit. -->\n" + `# JSON API

` + "`mimawari serve`" + ` answers under ` + "`/api/v1/`" + `, for what the pages do (what has no operation is listed with its reason in a test: signing in and set-up, archives, certificates, directories). The full description for machines is ` + "`GET /api/v1/openapi.json`" + `
(OpenAPI 3.1; also ` + "`openapi.yaml`" + `): it has every field of what is sent and answered.

- **Who asks**: ` + "`Authorization: Bearer TOKEN`" + ` with a token made in the settings, or the session of the pages. Each operation below names the scope that
  it needs; a token may never do more than its owner. Decisions are kept under the owner's name.
- **Words** come in the language of ` + "`?lang=ja|en`" + `, else of ` + "`Accept-Language`" + `, else Japanese.
- **Errors** are ` + "`{\"error\":{\"code\":\"...\",\"text\":\"...\"}}`" + `: 400 what was sent is wrong, 401 sign in, 403 not for this role or scope, 404 there is no such thing,
  412 somebody else changed it meanwhile, 413 too large, 415 not JSON, 500 the server's fault (` + "`reference`" + ` names the entry in its log). Fields and
  parameters that there are not are refused.
- **Lists** that have pages take ` + "`limit`" + ` (500 at most) and ` + "`after`" + `; ` + "`next`" + ` of an answer is the ` + "`after`" + ` of the next, and the ` + "`Link`" + ` header leads there. ` + "`total`" + ` counts all pages.
- **ETag**: every answer to GET has one. With ` + "`If-None-Match`" + ` an answer that is still the same is 304, without a body. Decisions take ` + "`If-Match`" + `.
- Bodies are JSON (` + "`Content-Type: application/json`" + `), 64 KiB at most; imports, photos, pasted lists and decisions on many take more. Requests from another site (` + "`Origin`, `Sec-Fetch-Site`" + `) and to another host name are refused.

Beside it, at the root: ` + "`GET /healthz`" + ` (the program answers), ` + "`GET /readyz`" + ` (it can read its data, else 503), both without signing in, and ` + "`GET /metrics`" + `
for Prometheus (scope manage): patrols, machines, findings by state and severity, watched sources, requests by route.

`

type parameter struct{ Name, In string }

type operation struct {
	Summary, Description string
	Parameters           []parameter
}

// manual is docs/api.md.
func manual(a *api.API) []byte {
	var doc struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(a.Document(), &doc); err != nil {
		panic(err)
	}
	var b bytes.Buffer
	b.WriteString(head)
	tag := ""
	for _, o := range a.Operations() {
		if o.Tag != tag {
			tag = o.Tag
			fmt.Fprintf(&b, "## %s\n\n| request | scope | what |\n|---|---|---|\n", tag)
		}
		op := doc.Paths[o.Path][strings.ToLower(o.Method)]
		what := op.Summary + "."
		if op.Description != "" {
			what += " " + op.Description
		}
		fmt.Fprintf(&b, "| `%s %s%s` | %s | %s |\n", o.Method, strings.TrimPrefix(o.Path, "/api/v1/"), query(op), scope(o.Need), strings.ReplaceAll(what, "|", `\|`))
		if last(a, o) {
			b.WriteString("\n")
		}
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// last reports whether o is the last one of its tag in a row.
func last(a *api.API, o api.Operation) bool {
	all := a.Operations()
	for i := range all {
		if all[i].ID == o.ID {
			return i+1 == len(all) || all[i+1].Tag != o.Tag
		}
	}
	return true
}

func query(op operation) string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" && p.Name != "lang" {
			names = append(names, p.Name+"=")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "?" + strings.Join(names, "&")
}

func scope(p auth.Permission) string {
	switch p {
	case auth.Everyone:
		return "none"
	case auth.SignedIn:
		return "any"
	}
	return string(p)
}
