// Package accident is what goes wrong in a soak: the plan of it, and the record of
// what did, which has to explain every connection that ends.
package accident
