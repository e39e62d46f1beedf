package diagram

import "math"

const arrowSize = 7

// ArrowHead gives the corners of the head of a line that has one.
func ArrowHead(i *Item) []Point { return arrowHead(i) }

func arrowHead(i *Item) []Point {
	end, from := i.Points[len(i.Points)-1], i.Points[len(i.Points)-2]
	dx, dy := end.X-from.X, end.Y-from.Y
	n := math.Hypot(dx, dy)
	if n == 0 {
		n = 1
	}
	dx, dy = dx/n, dy/n
	back := Point{end.X - dx*arrowSize, end.Y - dy*arrowSize}
	half := arrowSize * 0.45
	return []Point{end, {back.X - dy*half, back.Y + dx*half}, {back.X + dy*half, back.Y - dx*half}}
}

// triangle is the mark of what wants attention: pointing up, in a square.
func triangle(x, y, size float64) []Point {
	return []Point{{x + size/2, y}, {x + size, y + size}, {x, y + size}}
}

type rect struct{ x, y, w, h float64 }

func (a rect) meets(b rect) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

// along is the point of a line after a part of its length.
func along(ps []Point, part float64) Point {
	total := 0.0
	for i := 1; i < len(ps); i++ {
		total += math.Hypot(ps[i].X-ps[i-1].X, ps[i].Y-ps[i-1].Y)
	}
	left := total * part
	for i := 1; i < len(ps); i++ {
		d := math.Hypot(ps[i].X-ps[i-1].X, ps[i].Y-ps[i-1].Y)
		if left <= d && d > 0 {
			t := left / d
			return Point{ps[i-1].X + t*(ps[i].X-ps[i-1].X), ps[i-1].Y + t*(ps[i].Y-ps[i-1].Y)}
		}
		left -= d
	}
	return ps[len(ps)-1]
}
