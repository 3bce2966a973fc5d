//go:build unix

package node

import "fanfare/channels/apps/database"

// databaseSeries is a metric that is there when apps are looked up in a database.
func databaseSeries[T int | int64 | uint64](k kind, name, help string, read func(d *database.Stats) T) metric {
	m := newMetric(k, name, help)
	m.read = func(s *snapshot, emit func(float64, ...string)) {
		if s.database != nil {
			emit(float64(read(s.database)))
		}
	}
	return m
}

// databaseMetrics are there when apps are looked up in a database.
var databaseMetrics = []metric{
	databaseSeries(gauge, "database_up", "Whether the apps database answers: 1 or 0.", func(d *database.Stats) int {
		if d.Away > 0 {
			return 0
		}
		return 1
	}),
	databaseSeries(gauge, "database_apps", "Apps of the database that are kept in memory.", func(d *database.Stats) int { return d.Apps }),
	databaseSeries(gauge, "database_unknown", "Keys and ids that are remembered to be no app's.", func(d *database.Stats) int { return d.Unknown }),
	databaseSeries(counter, "database_hits_total", "Look-ups of apps that were in memory.", func(d *database.Stats) uint64 { return d.Hits }),
	databaseSeries(counter, "database_stale_hits_total", "Those of them while the database was away.", func(d *database.Stats) uint64 { return d.StaleHits }),
	databaseSeries(counter, "database_unknown_hits_total", "Look-ups of what is remembered to be no app's.", func(d *database.Stats) uint64 { return d.UnknownHits }),
	databaseSeries(counter, "database_misses_total", "Look-ups that the database had to be asked for.", func(d *database.Stats) uint64 { return d.Misses }),
	databaseSeries(counter, "database_queries_total", "Queries sent to the apps database.", func(d *database.Stats) uint64 { return d.Queries }),
	databaseSeries(counter, "database_query_failures_total", "Those of them that were not answered.", func(d *database.Stats) uint64 { return d.Failures }),
	databaseSeries(counter, "database_refused_rows_total", "Rows read that can't be right.", func(d *database.Stats) uint64 { return d.Refused }),
	databaseSeries(counter, "database_changed_total", "Apps whose row was found changed.", func(d *database.Stats) uint64 { return d.Changed }),
	databaseSeries(counter, "database_removed_total", "Apps whose row was found gone.", func(d *database.Stats) uint64 { return d.Removed }),
	databaseSeries(counter, "database_evicted_total", "Apps without connections that left memory because there are more of them than database.max_apps.", func(d *database.Stats) uint64 { return d.Evicted }),
}
