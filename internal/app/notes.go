package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // photos of machines come as JPEG or PNG
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/image/draw"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
)

// Notes keeps what people write on hosts, and the photos that they take of them.
type Notes struct {
	App *App
	Now func() time.Time
}

// Limits of photos: what may be sent, how large a picture is unpacked, and what is kept of it.
const (
	MaxPhoto    = 15 << 20
	maxPixels   = 60_000_000
	keptSide    = 1280
	keptQuality = 85
)

// Note gives what is written on a host.
func (n *Notes) Note(ctx context.Context, host string) (model.Note, error) {
	return n.App.Store.Note(ctx, host)
}

// Write replaces place and text. The photo stays.
func (n *Notes) Write(ctx context.Context, host, place, text, who string) error {
	if len(text) > model.MaxNote {
		return &api.Refused{Key: "note.too_long", Pairs: []string{"max", fmt.Sprint(model.MaxNote)}}
	}
	return n.change(ctx, host, who, func(x *model.Note) { x.Place, x.Text = model.Clean(place), cleanLines(text) })
}

// change reads, changes and saves the note of a host that there is.
func (n *Notes) change(ctx context.Context, host, who string, f func(*model.Note)) error {
	if _, err := n.App.Store.Host(ctx, host); err != nil {
		return err
	}
	x, err := n.App.Store.Note(ctx, host)
	if err != nil {
		return err
	}
	f(&x)
	x.Host, x.Who, x.At = host, model.Clean(who), n.Now().UTC()
	return n.App.Store.SaveNote(ctx, x)
}

// cleanLines is model.Clean for text of several lines.
func cleanLines(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s))
}

// SetPhoto keeps a picture of a host, made smaller and written anew, so that nothing of what came with it (place and time that a
// telephone writes into it, other files hidden in it) stays.
func (n *Notes) SetPhoto(ctx context.Context, host, who string, r io.Reader) error {
	b, err := smaller(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	name := hex.EncodeToString(sum[:16])
	if err := n.keep(name, b); err != nil {
		return err
	}
	return n.change(ctx, host, who, func(x *model.Note) { x.Photo = name })
}

// RemovePhoto forgets the picture of a host. The file stays until no host has it: another may show the same picture.
func (n *Notes) RemovePhoto(ctx context.Context, host, who string) error {
	return n.change(ctx, host, who, func(x *model.Note) { x.Photo = "" })
}

// Photo opens the picture of a host; model.ErrNotFound if there is none.
func (n *Notes) Photo(ctx context.Context, host string) (io.ReadCloser, error) {
	x, err := n.App.Store.Note(ctx, host)
	if err != nil {
		return nil, err
	}
	if _, err := hex.DecodeString(x.Photo); err != nil || x.Photo == "" {
		return nil, model.ErrNotFound
	}
	f, err := os.Open(n.path(x.Photo))
	if errors.Is(err, os.ErrNotExist) {
		return nil, model.ErrNotFound
	}
	return f, err
}

func (n *Notes) path(name string) string { return filepath.Join(n.App.Dir, "photos", name+".jpg") }

// keep writes the file as a whole or not at all.
func (n *Notes) keep(name string, b []byte) error {
	dir := filepath.Join(n.App.Dir, "photos")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep photo: %w", err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fmt.Errorf("keep photo: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep photo: %w", err)
	}
	return os.Rename(f.Name(), n.path(name))
}

// smaller reads a JPEG or PNG and gives a JPEG of at most keptSide pixels a side.
func smaller(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPhoto+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxPhoto {
		return nil, &api.Refused{Key: "note.photo_large", Pairs: []string{"max", fmt.Sprint(MaxPhoto >> 20)}}
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || head.Width <= 0 || head.Height <= 0 {
		return nil, &api.Refused{Key: "note.photo_kind"}
	}
	if head.Width*head.Height > maxPixels {
		return nil, &api.Refused{Key: "note.photo_large", Pairs: []string{"max", fmt.Sprint(MaxPhoto >> 20)}}
	}
	src, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, &api.Refused{Key: "note.photo_kind"}
	}
	w, h := head.Width, head.Height
	if long := max(w, h); long > keptSide {
		w, h = max(1, w*keptSide/long), max(1, h*keptSide/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src) // what is transparent becomes white
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: keptQuality}); err != nil {
		return nil, fmt.Errorf("write photo: %w", err)
	}
	return out.Bytes(), nil
}
