package config

import (
	_ "embed" // for the comments of config.go
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
)

// configSource is read back so that a key's documentation is the comment of
// its field, written once, beside the code.
//
//go:embed config.go
var configSource string

// Comment is that of a type in config.go, "Server", or of a field, "Server.Port", in
// one line; empty where there is none.
func Comment(of string) string { return comments()[of] }

var comments = sync.OnceValue(func() map[string]string {
	docs := make(map[string]string)
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", configSource, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
			addTypeDocs(docs, d)
		}
	}
	return docs
})

func addTypeDocs(docs map[string]string, d *ast.GenDecl) {
	spec := d.Specs[0].(*ast.TypeSpec)
	docs[spec.Name.Name] = oneLine(d.Doc.Text())
	for _, f := range spec.Type.(*ast.StructType).Fields.List {
		for _, name := range f.Names {
			docs[spec.Name.Name+"."+name.Name] = oneLine(f.Doc.Text())
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
