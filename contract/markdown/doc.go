// Package markdown writes a contract as a reference to read, in GitHub's Markdown.
//
// Texts and names of the contract show as they were written: nothing in them is
// Markdown or HTML, and nothing can leave its place in a table or become a link.
package markdown
