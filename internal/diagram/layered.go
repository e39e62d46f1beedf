package diagram

import (
	"cmp"
	"math"
	"slices"
)

// flowNode is a box to be placed; layered sets X and Y.
type flowNode struct {
	W, H  float64
	Layer int // given, or set by rank
	X, Y  float64
}

// flowEdge joins two nodes; layered sets Points, from the first to the second.
type flowEdge struct {
	From, To int
	Points   []Point
}

// The room between boxes.
const (
	columnGap = 96.0
	rowGap    = 16.0
	laneGap   = 10.0 // of an edge that passes a column
)

// flowchart places boxes in columns from the left to the right so that few edges cross: layers, places for the edges that
// pass a column, order by barycentres, then coordinates (the method of Sugiyama, Tagawa and Toda 1981, kept short).
type flowchart struct {
	nodes []flowNode // after the given ones: places where edges pass a column
	given int
	cols  [][]int // nodes of each column, in order
	next  [][]int // neighbours to the right
	prev  [][]int
	chain [][]int   // of each edge: the nodes that it passes, from left to right
	right []float64 // right edge of each column
}

// layered places nodes whose Layer is set and routes the edges. It gives the size of the whole.
func layered(nodes []flowNode, edges []flowEdge) (w, h float64) {
	if len(nodes) == 0 {
		return 0, 0
	}
	f := &flowchart{nodes: slices.Clone(nodes), given: len(nodes)}
	f.columns()
	f.chains(edges)
	f.order()
	w, h = f.coordinates()
	copy(nodes, f.nodes[:f.given])
	f.routes(edges)
	return w, h
}

func (f *flowchart) columns() {
	for i := range f.nodes {
		for len(f.cols) <= f.nodes[i].Layer {
			f.cols = append(f.cols, nil)
		}
		f.cols[f.nodes[i].Layer] = append(f.cols[f.nodes[i].Layer], i)
	}
	f.next, f.prev = make([][]int, len(f.nodes)), make([][]int, len(f.nodes))
}

func (f *flowchart) chains(edges []flowEdge) {
	f.chain = make([][]int, len(edges))
	for k := range edges {
		a, b := edges[k].From, edges[k].To
		if f.nodes[a].Layer > f.nodes[b].Layer {
			a, b = b, a
		}
		list := []int{a}
		for layer := f.nodes[a].Layer + 1; layer < f.nodes[b].Layer; layer++ {
			f.nodes = append(f.nodes, flowNode{Layer: layer})
			f.next, f.prev = append(f.next, nil), append(f.prev, nil)
			f.cols[layer] = append(f.cols[layer], len(f.nodes)-1)
			list = append(list, len(f.nodes)-1)
		}
		list = append(list, b)
		f.chain[k] = list
		if f.nodes[a].Layer == f.nodes[b].Layer {
			continue
		}
		for i := 0; i+1 < len(list); i++ {
			f.next[list[i]] = append(f.next[list[i]], list[i+1])
			f.prev[list[i+1]] = append(f.prev[list[i+1]], list[i])
		}
	}
}

const sweeps = 6

// order sorts each column by where the neighbours are, to and fro, and keeps the order with the fewest crossings.
func (f *flowchart) order() {
	best, fewest := cloned(f.cols), f.crossings()
	for i := 0; i < sweeps && fewest > 0; i++ {
		if i%2 == 0 {
			for c := 1; c < len(f.cols); c++ {
				f.sortColumn(c, f.prev)
			}
		} else {
			for c := len(f.cols) - 2; c >= 0; c-- {
				f.sortColumn(c, f.next)
			}
		}
		if n := f.crossings(); n < fewest {
			best, fewest = cloned(f.cols), n
		}
	}
	f.cols = best
}

func cloned(cols [][]int) [][]int {
	out := make([][]int, len(cols))
	for i, c := range cols {
		out[i] = slices.Clone(c)
	}
	return out
}

func (f *flowchart) places() []int {
	at := make([]int, len(f.nodes))
	for _, c := range f.cols {
		for i, n := range c {
			at[n] = i
		}
	}
	return at
}

func (f *flowchart) sortColumn(c int, beside [][]int) {
	at := f.places()
	weight := func(n int) float64 {
		if len(beside[n]) == 0 {
			return float64(at[n])
		}
		sum := 0
		for _, x := range beside[n] {
			sum += at[x]
		}
		return float64(sum) / float64(len(beside[n]))
	}
	slices.SortStableFunc(f.cols[c], func(a, b int) int { return cmp.Compare(weight(a), weight(b)) })
}

// crossings counts the pairs of edges that cross between neighbouring columns: inversions, by a tree of counts.
func (f *flowchart) crossings() int {
	at, n := f.places(), 0
	for c := 0; c+1 < len(f.cols); c++ {
		tree := make([]int, len(f.cols[c+1])+1)
		seen := 0
		for _, a := range f.cols[c] {
			ends := make([]int, 0, len(f.next[a]))
			for _, b := range f.next[a] {
				ends = append(ends, at[b])
			}
			for _, e := range ends { // edges from above that end below e cross it
				upTo := 0
				for i := e + 1; i > 0; i -= i & -i {
					upTo += tree[i]
				}
				n += seen - upTo
			}
			for _, e := range ends {
				seen++
				for i := e + 1; i < len(tree); i += i & -i {
					tree[i]++
				}
			}
		}
	}
	return n
}

func (f *flowchart) gap(a, b int) float64 {
	if a >= f.given || b >= f.given {
		return laneGap
	}
	return rowGap
}

// coordinates gives each column its place and moves the nodes towards their neighbours without changing the order.
func (f *flowchart) coordinates() (w, h float64) {
	x := 0.0
	for _, col := range f.cols {
		wide, y := 0.0, 0.0
		for i, n := range col {
			wide = math.Max(wide, f.nodes[n].W)
			if i > 0 {
				y += f.gap(col[i-1], n)
			}
			f.nodes[n].X, f.nodes[n].Y = x, y
			y += f.nodes[n].H
		}
		for _, n := range col {
			if n >= f.given {
				f.nodes[n].W = wide
			}
		}
		f.right = append(f.right, x+wide)
		x += wide + columnGap
		h = math.Max(h, y)
	}
	for i := range sweeps {
		for c := range f.cols {
			if i%2 == 1 {
				c = len(f.cols) - 1 - c
			}
			f.settle(f.cols[c], h)
		}
	}
	return x - columnGap, h
}

// settle moves the nodes of a column towards the middle of their neighbours, between 0 and h.
func (f *flowchart) settle(col []int, h float64) {
	want := make([]float64, len(col))
	for i, n := range col {
		want[i] = f.nodes[n].Y
		if beside := slices.Concat(f.prev[n], f.next[n]); len(beside) > 0 {
			sum := 0.0
			for _, x := range beside {
				sum += f.nodes[x].Y + f.nodes[x].H/2
			}
			want[i] = sum/float64(len(beside)) - f.nodes[n].H/2
		}
	}
	end := 0.0
	for i, n := range col { // from above: not over the one before
		if i > 0 {
			end += f.gap(col[i-1], n)
		}
		f.nodes[n].Y = math.Max(want[i], end)
		end = f.nodes[n].Y + f.nodes[n].H
	}
	end = h
	for i := len(col) - 1; i >= 0; i-- { // from below: not beyond the edge
		n := col[i]
		f.nodes[n].Y = math.Min(f.nodes[n].Y, end-f.nodes[n].H)
		end = f.nodes[n].Y
		if i > 0 {
			end -= f.gap(col[i-1], n)
		}
	}
}

// routes gives each edge its points. Edges of one side of a box leave it beside each other, in the order of where they go.
func (f *flowchart) routes(edges []flowEdge) {
	right, left := f.ports(edges)
	for k := range edges {
		list := f.chain[k]
		a, b := f.nodes[list[0]], f.nodes[list[len(list)-1]]
		start := Point{a.X + a.W, right[k]}
		if a.Layer == b.Layer { // beside each other: out to the right and back
			out := f.right[a.Layer] + 14
			edges[k].Points = []Point{start, {out, right[k]}, {out, left[k]}, {b.X + b.W, left[k]}}
		} else {
			edges[k].Points = []Point{start, {f.right[a.Layer], right[k]}}
			for _, n := range list[1 : len(list)-1] {
				x := f.nodes[n]
				edges[k].Points = append(edges[k].Points, Point{x.X, x.Y}, Point{x.X + x.W, x.Y})
			}
			edges[k].Points = append(edges[k].Points, Point{b.X, left[k]})
		}
		if edges[k].From != list[0] {
			slices.Reverse(edges[k].Points)
		}
	}
}

// ports gives the heights at which each edge leaves its left box and reaches its right one.
func (f *flowchart) ports(edges []flowEdge) (right, left []float64) {
	type end struct {
		edge, beside int
		far          float64 // height of what comes next
	}
	outs, ins := make([][]end, f.given), make([][]end, f.given)
	mid := func(n int) float64 { return f.nodes[n].Y + f.nodes[n].H/2 }
	for k := range edges {
		list := f.chain[k]
		a, b := list[0], list[len(list)-1]
		outs[a] = append(outs[a], end{k, 0, mid(list[1])})
		if f.nodes[a].Layer == f.nodes[b].Layer {
			outs[b] = append(outs[b], end{k, 1, mid(a)})
		} else {
			ins[b] = append(ins[b], end{k, 1, mid(list[len(list)-2])})
		}
	}
	right, left = make([]float64, len(edges)), make([]float64, len(edges))
	for n := range f.given {
		for _, side := range [][]end{outs[n], ins[n]} {
			slices.SortStableFunc(side, func(a, b end) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.edge, b.edge)) })
			for i, e := range side {
				y := f.nodes[n].Y + f.nodes[n].H*float64(i+1)/float64(len(side)+1)
				if e.beside == 0 {
					right[e.edge] = y
				} else {
					left[e.edge] = y
				}
			}
		}
	}
	return right, left
}

// rank gives nodes without given layers theirs, at most most: along the edges, those that close a circle left aside.
func rank(n int, edges []flowEdge, most int) []int {
	out := make([][]int, n)
	for _, e := range edges {
		if e.From != e.To {
			out[e.From] = append(out[e.From], e.To)
		}
	}
	level, state := make([]int, n), make([]int8, n)
	var order []int
	back := map[[2]int]bool{}
	var visit func(int)
	visit = func(a int) {
		state[a] = 1
		for _, b := range out[a] {
			switch state[b] {
			case 0:
				visit(b)
			case 1:
				back[[2]int{a, b}] = true
			}
		}
		state[a] = 2
		order = append(order, a)
	}
	for a := range n {
		if state[a] == 0 {
			visit(a)
		}
	}
	deepest := 0
	for i := len(order) - 1; i >= 0; i-- {
		a := order[i]
		for _, b := range out[a] {
			if !back[[2]int{a, b}] {
				level[b] = max(level[b], level[a]+1)
				deepest = max(deepest, level[b])
			}
		}
	}
	if deepest >= most {
		for i := range level {
			level[i] = level[i] * (most - 1) / deepest
		}
	}
	return level
}
