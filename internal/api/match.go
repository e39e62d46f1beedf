package api

import (
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Guarded is what an operation takes that overwrites what somebody may have changed meanwhile.
type Guarded struct {
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"the ETag of the thing as it was read: if it is another by now nothing is changed, and the answer is 412"`
}

// check compares what was read with the answer as it is now, in whichever language it was read.
func (g Guarded) check(answer func(locale.Lang) any) error {
	if g.IfMatch == "" {
		return nil
	}
	for _, l := range locale.Langs {
		b, err := marshal(answer(l))
		if err == nil && names([]string{g.IfMatch}, tagOf(b), false) {
			return nil
		}
	}
	return model.ErrChanged
}
