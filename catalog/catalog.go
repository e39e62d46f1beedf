// Package catalog is the data of the product: what rules say, what products and tools look like, words in Japanese and English.
// It holds no logic; the packages that use a part read it from FS.
package catalog

import "embed"

// FS holds the data files.
//
//go:embed detections locale products tools
var FS embed.FS
