package codegen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// manifestName is the file in the output directory that lists what was generated
// there: the only files that are ever replaced or removed.
const manifestName = ".centrirpc-files"

const manifestHead = "# Written by centrirpc: the files below are generated, replaced and removed by it.\n"

// manifest is the set of generated files, by their paths with slashes, sorted.
type manifest []string

func manifestOf(files []File) manifest {
	var m manifest
	for _, f := range files {
		m = append(m, f.Path)
	}
	slices.Sort(m)
	return slices.Compact(m)
}

func (m manifest) has(name string) bool { return slices.Contains(m, name) }

func (m manifest) and(other manifest) manifest {
	both := slices.Concat(m, other)
	slices.Sort(both)
	return slices.Compact(both)
}

func (m manifest) encode() []byte {
	return []byte(manifestHead + strings.Join(append(slices.Clone(m), ""), "\n"))
}

// readManifest is empty if there is no manifest yet.
func readManifest(root *os.Root) (manifest, error) {
	data, err := root.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	for line := range strings.Lines(string(data)) {
		name := strings.TrimSpace(line)
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if err := checkPath(name); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", manifestName, err)
		}
		m = append(m, name)
	}
	slices.Sort(m)
	return m, nil
}

// checkPath accepts clean relative paths with slashes that stay inside of the
// directory and are no file of Write's own.
func checkPath(name string) error {
	if !fs.ValidPath(name) || name == "." || path.Clean(name) != name || strings.ContainsAny(name, "\\\r\n") || strings.HasPrefix(name, ".centrirpc-") || strings.TrimSpace(name) != name || name[0] == '#' {
		return fmt.Errorf("%q cannot be the path of a generated file", name)
	}
	return nil
}
