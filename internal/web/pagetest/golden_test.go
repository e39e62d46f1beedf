package pagetest_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/mimawari/mimawari/internal/web/pagetest"
)

// picture is grey, with so many pixels of another shade.
func picture(t *testing.T, width, others int, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, 100))
	for i := range m.Pix {
		m.Pix[i] = 100
	}
	for i := range others {
		m.SetGray(i%width, i/width, color.Gray{Y: shade})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Smoothed letters are let pass; a button that is gone, another size or another colour are not.
func TestSame(t *testing.T) {
	base := picture(t, 100, 0, 0)
	for name, c := range map[string]struct {
		shot []byte
		same bool
	}{
		"the same":                     {base, true},
		"everything a little brighter": {picture(t, 100, 10_000, 140), true},
		"a few pixels black":           {picture(t, 100, 50, 0), true},
		"a line of pixels black":       {picture(t, 100, 100, 0), false},
		"everything another colour":    {picture(t, 100, 10_000, 160), false},
		"wider":                        {picture(t, 101, 0, 0), false},
		"no picture":                   {[]byte("x"), false},
	} {
		if err := pagetest.Same(base, c.shot); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}
