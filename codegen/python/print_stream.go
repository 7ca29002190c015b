package python

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// readStreams makes what reads a stream's items and its result.
const readStreams = `

def _reader(
    what: str, validate: _typing.Callable[..., _T]
) -> _typing.Callable[[_typing.Any], _T]:
    def read(value: _typing.Any) -> _T:
        return _read(what, validate, value)

    return read


def _no_result(value: _typing.Any) -> None:
    return None
`

func (m *methodPlan) isStream() bool { return m.source.Kind == contract.Stream }

// tellsProgress reports whether the server answers, and so may tell how far it
// has come.
func (m *methodPlan) tellsProgress() bool { return m.source.Kind != contract.Notify }

func (m *methodPlan) itemAdapter() string { return "_" + strings.ToUpper(m.name) + "_ITEM" }

// printStream prints a method that returns a typed stream. It does not wait, and
// so is no coroutine: the stream is what is waited for.
func printStream(b *bytes.Buffer, p *plan, m *methodPlan, arguments, call, result string) {
	begin, end := fmt.Sprintf("    def %s(", m.name), fmt.Sprintf(") -> _RPCStream[%s, %s]:", m.item, result)
	b.WriteString(oneLine(begin, arguments, end, "    ") + "\n")
	b.WriteString(docstring("        ", methodDoc(p, m)))
	fmt.Fprintf(b, "        return self.rpc.stream(%s).typed(\n            _reader(%s, %s),\n", call,
		quote("an item of "+m.source.Name), validator(m.itemModel, m.item, m.itemAdapter()))
	if m.result == "" {
		b.WriteString("            _no_result,\n        )\n")
		return
	}
	fmt.Fprintf(b, "            _reader(%s, %s),\n        )\n",
		quote("the result of "+m.source.Name), validator(m.model, m.result, m.adapter()))
}
