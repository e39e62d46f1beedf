package inventory

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/model"
)

// sharedData gives a folder of the data that MIMAWARI_SHARED names or that lies in ../shared beside the repository.
func sharedData(t testing.TB, folder string) string {
	t.Helper()
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "data", folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the test data is not here: set MIMAWARI_SHARED to the folder that has data/%s", folder)
	}
	return dir
}

// seenIn reads one capture as a patrol does; damage at its end is no failure.
func seenIn(t testing.TB, file string) *model.Seen {
	t.Helper()
	src, err := capture.Open(file, nil, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	p := flow.New(flow.Config{Shards: 1})
	var damage *capture.Damage
	if err := p.Run(context.Background(), src); err != nil && !errors.As(err, &damage) {
		t.Fatal(err)
	}
	return p.Finish()
}
