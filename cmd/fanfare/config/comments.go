package config

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
)

// sources are read back so that a key's documentation is the comment of its
// field, written once, beside the code.
//
//go:embed config.go config_app.go
var sources embed.FS

// Comment is that of a type in these files, "Server", or of a field, "Server.Port",
// in one line; empty where there is none.
func Comment(of string) string { return comments()[of] }

var comments = sync.OnceValue(func() map[string]string {
	docs := make(map[string]string)
	for _, name := range []string{"config.go", "config_app.go"} {
		addFileDocs(docs, name)
	}
	return docs
})

func addFileDocs(docs map[string]string, name string) {
	source, err := sources.ReadFile(name)
	if err != nil {
		panic(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
			addTypeDocs(docs, d)
		}
	}
}

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
