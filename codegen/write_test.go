package codegen_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen"
)

func files(pairs ...string) []codegen.File {
	var files []codegen.File
	for i := 0; i < len(pairs); i += 2 {
		files = append(files, codegen.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	return files
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir string, files []codegen.File) {
	t.Helper()
	if err := codegen.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	if stale, err := codegen.Check(dir, files); err != nil || len(stale) > 0 {
		t.Errorf("right after Write, Check says %q, %v", stale, err)
	}
}

// tree is what a directory holds: paths and contents, the manifest left out.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir || entry.Name() == ".centrirpc-files" {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		switch {
		case entry.Type()&os.ModeSymlink != 0:
			target, err := os.Readlink(path)
			found[name] = "-> " + target
			return err
		case entry.IsDir():
			if entries, err := os.ReadDir(path); err != nil || len(entries) == 0 {
				found[name+"/"] = "empty"
			}
			return nil
		}
		data, err := os.ReadFile(path)
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func expect(t *testing.T, dir string, pairs ...string) {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	if got := tree(t, dir); !maps.Equal(got, want) {
		t.Errorf("the directory holds %q; want %q", got, want)
	}
}

func TestWriteReplacesAndRemovesItsOwnOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "sdk")
	write(t, dir, files("a.txt", "1", "old/deep/b.txt", "1", "old/c.txt", "1"))
	put(t, dir, "old/mine.txt", "mine")
	put(t, dir, "mine.txt", "mine")
	write(t, dir, files("a.txt", "2", "new/d.txt", "2"))
	expect(t, dir, "a.txt", "2", "new/d.txt", "2", "old/mine.txt", "mine", "mine.txt", "mine")
	write(t, dir, files("a.txt", "2"))
	expect(t, dir, "a.txt", "2", "old/mine.txt", "mine", "mine.txt", "mine")
}

func TestWriteGivesTheSameManifest(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	write(t, one, files("b", "", "a", "", "c/d", ""))
	write(t, two, files("c/d", "", "a", "", "old", ""))
	write(t, two, files("a", "", "b", "", "c/d", ""))
	first, _ := os.ReadFile(filepath.Join(one, ".centrirpc-files"))
	second, err := os.ReadFile(filepath.Join(two, ".centrirpc-files"))
	if err != nil || string(first) != string(second) || !strings.HasSuffix(string(first), "\na\nb\nc/d\n") {
		t.Errorf("%q and %q, %v", first, second, err)
	}
}

func TestWriteRefusesWhatIsInTheWay(t *testing.T) {
	for name, test := range map[string]struct {
		before func(t *testing.T, dir string)
		want   []string
	}{
		"foreign files": {
			func(t *testing.T, dir string) { put(t, dir, "a.txt", "mine"); put(t, dir, "sub/b.txt", "mine") },
			[]string{"a.txt is in the way", "sub/b.txt is in the way", "move it"},
		},
		"a directory": {
			func(t *testing.T, dir string) { put(t, dir, "a.txt/x", "mine") },
			[]string{"a.txt is in the way", "directory"},
		},
		"a file for a directory": {
			func(t *testing.T, dir string) { put(t, dir, "sub", "mine") },
			[]string{"sub is in the way"},
		},
		"a link for a directory": {
			func(t *testing.T, dir string) {
				put(t, dir, "elsewhere/b.txt", "mine")
				link(t, "elsewhere", filepath.Join(dir, "sub"))
			},
			[]string{"sub is in the way"},
		},
		"a link to the outside": {
			func(t *testing.T, dir string) { link(t, t.TempDir(), filepath.Join(dir, "sub")) },
			[]string{"sub is in the way"},
		},
		"a link for a file": {
			func(t *testing.T, dir string) {
				put(t, dir, "mine.txt", "mine")
				link(t, "mine.txt", filepath.Join(dir, "a.txt"))
			},
			[]string{"a.txt is in the way"},
		},
		"a damaged manifest": {
			func(t *testing.T, dir string) { put(t, dir, ".centrirpc-files", "../outside\n") },
			[]string{"damaged", "../outside"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.before(t, dir)
			before := tree(t, dir)
			err := codegen.Write(dir, files("a.txt", "new", "sub/b.txt", "new", "c.txt", "new"))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in: %v", want, err)
				}
			}
			if after := tree(t, dir); !maps.Equal(before, after) {
				t.Errorf("%q became %q", before, after)
			}
		})
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestWriteDoesNotFollowLinksThatTookThePlaceOfItsFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, outside, "target.txt", "mine")
	put(t, outside, "d/old.txt", "mine")
	write(t, dir, files("a.txt", "1", "gone.txt", "1", "d/old.txt", "1"))
	for _, name := range []string{"a.txt", "gone.txt"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		link(t, filepath.Join(outside, "target.txt"), filepath.Join(dir, name))
	}
	if err := os.RemoveAll(filepath.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(outside, "d"), filepath.Join(dir, "d"))
	write(t, dir, files("a.txt", "2"))
	expect(t, outside, "target.txt", "mine", "d/old.txt", "mine")
	if got := tree(t, dir)["a.txt"]; got != "2" {
		t.Errorf("a.txt holds %q", got)
	}
}

func TestWriteKnowsItsFilesWithoutTheManifest(t *testing.T) {
	dir := t.TempDir()
	first := files("a.ts", "// Code generated by centrirpc from contract.json; DO NOT EDIT.\n1", "contract.json", "{\n  \"centrirpc\": 1\n}", "same.json", "{}")
	write(t, dir, first)
	if err := os.Remove(filepath.Join(dir, ".centrirpc-files")); err != nil {
		t.Fatal(err)
	}
	if stale, err := codegen.Check(dir, first); err != nil || len(stale) != 3 {
		t.Errorf("%q, %v", stale, err)
	}
	write(t, dir, files("a.ts", "2", "contract.json", "3", "same.json", "{}"))
	expect(t, dir, "a.ts", "2", "contract.json", "3", "same.json", "{}")
}

func TestWriteCleansUpAfterAnInterruption(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files("a", "1"))
	put(t, dir, ".centrirpc-new/a", "half")
	write(t, dir, files("a", "2"))
	expect(t, dir, "a", "2")
}

func TestWriteRefusesPathsThatLeaveTheDirectory(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../a", "/a", "a/../b", "a//b", `a\b`, "a\nb", ".centrirpc-files", ".centrirpc-new/a", "#a", " a"} {
		dir := t.TempDir()
		if err := codegen.Write(dir, files("ok", "1", name, "1")); err == nil {
			t.Errorf("%q is accepted", name)
		}
		expect(t, dir)
	}
	if err := codegen.Write(t.TempDir(), files("a", "1", "a", "2")); err == nil {
		t.Error("a file twice is accepted")
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files("same", "1", "changed", "1", "missing", "1", "left/over", "1", "both/gone", "1", "linked", "1"))
	for _, name := range []string{"missing", "both/gone", "linked"} {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	link(t, "same", filepath.Join(dir, "linked"))
	before := tree(t, dir)
	stale, err := codegen.Check(dir, files("same", "1", "changed", "2", "missing", "1", "new", "1", "linked", "1"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"both/gone is listed in .centrirpc-files, but no longer generated", "changed differs", "left/over is no longer generated",
		"linked is no regular file", "missing is missing", "new is missing",
	}
	if !slices.Equal(stale, want) {
		t.Errorf("%q; want %q", stale, want)
	}
	if !maps.Equal(before, tree(t, dir)) {
		t.Error("Check changed the directory")
	}
	absent := filepath.Join(dir, "absent")
	if stale, err := codegen.Check(absent, files("a", "")); err != nil || len(stale) != 1 {
		t.Errorf("%q, %v", stale, err)
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("Check made the directory")
	}
}
