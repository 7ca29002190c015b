package centrirpc

import (
	"fmt"

	"github.com/go-playground/validator/v10"
)

// ownRule is a rule that the application adds.
type ownRule struct {
	name  string
	valid validator.Func
}

// Rule adds a validation rule of the application's own, to be named in `validate`
// tags. valid says whether a field keeps it; message is what its fault says after
// the field's path, where "{param}" stands for what the tag gives after "=". It
// must be safe for concurrent use, and must not panic: on a field of type any it has
// to have an answer for each kind of JSON, for a client chooses what is there. At
// registration it is tried on values of the field's type, of each kind if that is
// any, and a panic refuses the method. Rule panics on an empty name or message.
//
//	centrirpc.Rule("one_line", isOneLine, "must be one line of text")
//
//	Title string `json:"title" validate:"min=1,max=200,one_line"`
func Rule(name string, valid validator.Func, message string) (option RouterOption) {
	// Where the refusal is kept, tags that name the rule are no faults besides.
	option = func(r *Router) {
		if name != "" {
			r.ownRules = append(r.ownRules, ownRule{name, func(validator.FieldLevel) bool { return true }})
			r.messages[name] = message
		}
	}
	defer keepRefusal()
	if name == "" || valid == nil || message == "" {
		panic(fmt.Sprintf("centrirpc: Rule(%q): give a name, a function and a message such as \"must be one line of text\"", name))
	}
	return func(r *Router) {
		r.ownRules = append(r.ownRules, ownRule{name, valid})
		r.messages[name] = message
	}
}

// registerRules adds the application's rules to the validator.
func (r *Router) registerRules() {
	for _, rule := range r.ownRules {
		r.registerRule(rule)
	}
}

func (r *Router) registerRule(rule ownRule) {
	defer keepRefusal()
	if err := r.validate.RegisterValidation(rule.name, rule.valid); err != nil {
		panic(fmt.Sprintf("centrirpc: Rule(%q): %v", rule.name, err))
	}
}
