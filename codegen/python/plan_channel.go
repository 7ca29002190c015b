package python

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// errorPlan is an application error.
type errorPlan struct {
	class   string
	source  *contract.ErrorType
	details string // type as the errors' module says it, or empty
	model   bool   // the details are a model of their own
}

func (p *plan) addErrors() {
	a := &annotator{plan: p, used: p.details}
	for _, e := range p.errors {
		if e.source.Details != nil {
			e.details = a.typ(e.source.Details)
			e.model = p.isModel(e.source.Details)
		}
	}
}

// channelPlan is the typed client's method that subscribes to a channel.
type channelPlan struct {
	name      string
	source    *contract.Channel
	params    string // class, or empty
	arguments []argumentPlan
	event     string // type as the client's module says it
	model     bool   // the event is a model of its own
}

// argumentPlan is a keyword argument for a parameter of the channel's name.
type argumentPlan struct {
	name   string
	field  string // of the params' model
	typ    string
	source *contract.Field
}

func (p *plan) addChannel(c *contract.Channel, a *annotator, n *names) {
	planned := &channelPlan{name: subscribeName(c.Name), source: c, event: a.typ(&c.Event), model: p.isModel(&c.Event)}
	n.add("channel "+c.Name, planned.name)
	p.channels = append(p.channels, planned)
	if c.Params == nil {
		return
	}
	planned.params = a.typ(&contract.Type{Kind: contract.Ref, Ref: c.Params.Ref})
	arguments := newNames("argument", fmt.Sprintf("channel %s.", c.Name))
	for _, f := range p.byStruct[c.Params.Ref].fields {
		name := argumentName(f.source.Name)
		arguments.add(f.source.Name, name)
		typ := (&annotator{plan: p, prefix: a.prefix, used: a.used, closed: true}).typ(&f.source.Type)
		planned.arguments = append(planned.arguments, argumentPlan{name, f.name, typ, f.source})
	}
	n.problems = append(n.problems, arguments.problems...)
}
