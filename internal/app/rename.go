package app

import (
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// rename gives what was seen the names by which people know the files. Places inside a file ("NAME:12") keep their rest.
func rename(s *model.Seen, names map[string]string) {
	if len(names) == 0 {
		return
	}
	of := func(text string) string {
		if n, ok := names[text]; ok {
			return n
		}
		for path, n := range names {
			if strings.Contains(text, path) {
				return strings.ReplaceAll(text, path, n)
			}
		}
		return text
	}
	for i := range s.Sources {
		x := &s.Sources[i]
		x.Name = of(x.Name)
		for j := range x.Errors {
			renameTrouble(&x.Errors[j], of)
		}
	}
	for i := range s.Observations {
		if x := &s.Observations[i]; x.Source != "" {
			x.Source = of(x.Source)
		}
	}
	for i := range s.Bindings {
		if x := &s.Bindings[i]; x.Source != "" {
			x.Source = of(x.Source)
		}
	}
	for i := range s.Passed {
		s.Passed[i] = of(s.Passed[i])
	}
}

func renameTrouble(t *model.Trouble, of func(string) string) {
	t.Where, t.Text = of(t.Where), of(t.Text)
	for i := range t.Args {
		t.Args[i] = of(t.Args[i])
	}
}
