// Package scenariotest is what the tests of the scenarios share: a server in
// this very process, and what every scenario has to notice or refuse.
package scenariotest
