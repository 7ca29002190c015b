package jsonschema

// Found counts the named types that a source contract file's methods reach,
// whether or not they can be described.
func Found(data []byte) (int, error) {
	s, err := read(data)
	if err != nil {
		return 0, err
	}
	v := newConverter(s)
	v.contract(s)
	keys := map[string]bool{}
	for _, n := range v.nodes {
		keys[n.key] = true
	}
	return len(keys), nil
}
