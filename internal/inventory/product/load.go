package product

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/model"
)

// Bounds of the catalog: it may be extended by hand, so a slip in it must not hang the program.
const (
	maxFile   = 4 << 20
	maxRules  = 10_000
	maxConds  = 8
	maxRegexp = 512
)

// written is a rule or a condition as it stands in a file.
type written struct {
	ID       string             `yaml:"id"`
	Kind     texts              `yaml:"kind"`
	Exact    texts              `yaml:"exact"`
	Prefix   texts              `yaml:"prefix"`
	Contains texts              `yaml:"contains"`
	Regexp   string             `yaml:"regexp"`
	CIDR     texts              `yaml:"cidr"`
	Any      []written          `yaml:"any"`
	All      []written          `yaml:"all"`
	Class    string             `yaml:"class"`
	Maker    string             `yaml:"maker"`
	Model    string             `yaml:"model"`
	OS       string             `yaml:"os"`
	Version  string             `yaml:"version"`
	Role     texts              `yaml:"role"`
	Weight   float64            `yaml:"weight"`
	Weights  map[string]float64 `yaml:"weights"`
	Examples []shown            `yaml:"examples"`
	Misses   []string           `yaml:"misses"`
}

// texts is one text or a list of them.
type texts []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = texts{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

// shown is an example: a value, or kinds with values.
type shown Example

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *shown) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = shown{"": n.Value}
		return nil
	}
	return n.Decode((*map[model.Kind]string)(s))
}

// Default gives the catalog that is built in.
var Default = sync.OnceValues(func() (*Catalog, error) { return Load(catalog.FS) })

// Load reads products/*.yaml of fsys. Errors name file and rule.
func Load(fsys fs.FS) (*Catalog, error) {
	files, err := fs.Glob(fsys, "products/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	c := newCatalog()
	for _, f := range files {
		b, err := fs.ReadFile(fsys, f)
		if err != nil {
			return nil, fmt.Errorf("read products: %w", err)
		}
		if path.Base(f) == familiesFile {
			err = c.addFamilies(b)
		} else {
			err = c.Add(b)
		}
		if err != nil {
			return nil, fmt.Errorf("read products in %s: %w", f, err)
		}
	}
	return c, nil
}

// Add reads the rules of one file into c.
func (c *Catalog) Add(file []byte) error {
	if len(file) > maxFile {
		return fmt.Errorf("file is larger than %d bytes", maxFile)
	}
	var ws []written
	if err := strict(file, &ws); err != nil {
		return err
	}
	for i := range ws {
		r, err := newRule(&ws[i])
		if err != nil {
			return fmt.Errorf("rule %d %q: %w", i+1, ws[i].ID, err)
		}
		if err := c.index(r); err != nil {
			return err
		}
	}
	return nil
}

func strict(file []byte, to any) error {
	d := yaml.NewDecoder(bytes.NewReader(file))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func newRule(w *written) (*Rule, error) {
	r := &Rule{ID: w.ID, Misses: w.Misses, all: len(w.All) > 0}
	if family, name, ok := strings.Cut(w.ID, "."); !ok || family == "" || name == "" {
		return nil, errors.New("id must be FAMILY.NAME")
	}
	if err := r.addConds(w); err != nil {
		return nil, err
	}
	for _, e := range w.Examples {
		r.Examples = append(r.Examples, Example(e))
	}
	return r, r.addSets(w)
}

func (r *Rule) addConds(w *written) error {
	list := append(w.Any[:len(w.Any):len(w.Any)], w.All...)
	if len(w.Any) > 0 && len(w.All) > 0 || len(list) > 0 && len(w.Kind) > 0 {
		return errors.New("use one of kind, any, all")
	}
	if len(list) == 0 {
		list = []written{*w}
	}
	if len(list) > maxConds {
		return fmt.Errorf("more than %d conditions", maxConds)
	}
	for i := range list {
		c, err := newCond(&list[i])
		if err != nil {
			return err
		}
		r.conds = append(r.conds, c)
	}
	return nil
}

var classes = []model.Class{
	model.ClassServer, model.ClassPC, model.ClassPrinter, model.ClassIPPhone, model.ClassCamera,
	model.ClassRouter, model.ClassSwitch, model.ClassFirewall, model.ClassVPN, model.ClassAP, model.ClassNAS, model.ClassModality,
	model.ClassMedical, model.ClassPACS, model.ClassHIS, model.ClassPhone, model.ClassTablet, model.ClassIoT, model.ClassSBC,
	model.ClassMobileRtr, model.ClassUPS, model.ClassVMHost, model.ClassIndustry,
}

func (r *Rule) addSets(w *written) error {
	add := func(about, says string) {
		if says != "" {
			r.sets = append(r.sets, Set{About: about, Says: says})
		}
	}
	add(AboutClass, w.Class)
	add(AboutMaker, w.Maker)
	add(AboutModel, w.Model)
	add(AboutOS, w.OS)
	add(AboutVersion, w.Version)
	for _, role := range w.Role {
		add(AboutRole, role)
	}
	if len(r.sets) == 0 {
		return errors.New("says nothing: give class, maker, model, os, version or role")
	}
	if w.Class != "" && !one(classNames(), func(s string) bool { return s == w.Class }) {
		return fmt.Errorf("class %q is not known", w.Class)
	}
	return r.weigh(w)
}

func classNames() (out []string) {
	for _, c := range classes {
		out = append(out, string(c))
	}
	return out
}

func (r *Rule) weigh(w *written) error {
	usual := w.Weight
	if usual == 0 {
		usual = defaultWeight
	}
	for i := range r.sets {
		s := &r.sets[i]
		s.Weight = usual
		if x, ok := w.Weights[s.About]; ok {
			s.Weight = x
		}
		if !(s.Weight > 0 && s.Weight <= 1) {
			return fmt.Errorf("weight %v of %s must be above 0 and at most 1", s.Weight, s.About)
		}
	}
	return nil
}
