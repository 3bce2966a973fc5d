//go:build e2e && linux

package dbtest

import (
	"strings"
	"testing"
)

// CreateApps makes the table apps as soketi's documents make it, and empty.
func (s *Server) CreateApps(t *testing.T) {
	t.Helper()
	s.Exec(t, "DROP TABLE IF EXISTS apps", map[string]string{"pgx": soketiPostgres, "mysql": soketiMySQL}[s.driver])
}

// InsertApps writes rows as soketi's documents do: enabled apps with client
// events and 200 connections, of which app x has the key key-x and the secret secret-x.
func (s *Server) InsertApps(t *testing.T, ids ...string) {
	t.Helper()
	var values []string
	for _, id := range ids {
		values = append(values, "('"+id+"', 'key-"+id+"', 'secret-"+id+"', 200, 1, 1, -1, -1, -1, '[]', 0)")
	}
	s.Exec(t, `INSERT INTO apps (id, `+s.Quoted("key")+`, secret, max_connections, enable_client_messages, enabled, max_backend_events_per_sec,
		max_client_events_per_sec, max_read_req_per_sec, webhooks, enable_user_authentication) VALUES `+strings.Join(values, ", "))
}

// Quoted is a column's name for a statement. key is a reserved word in one of the
// databases.
func (s *Server) Quoted(column string) string {
	if s.driver == "mysql" {
		return "`" + column + "`"
	}
	return `"` + column + `"`
}

const soketiPostgres = `CREATE TABLE apps (
	id varchar(255) PRIMARY KEY,
	"key" varchar(255) NOT NULL,
	secret varchar(255) NOT NULL,
	max_connections integer NOT NULL,
	enable_client_messages smallint NOT NULL,
	"enabled" smallint NOT NULL,
	max_backend_events_per_sec integer NOT NULL,
	max_client_events_per_sec integer NOT NULL,
	max_read_req_per_sec integer NOT NULL,
	webhooks json,
	max_presence_members_per_channel integer DEFAULT NULL,
	max_presence_member_size_in_kb integer DEFAULT NULL,
	max_channel_name_length integer DEFAULT NULL,
	max_event_channels_at_once integer DEFAULT NULL,
	max_event_name_length integer DEFAULT NULL,
	max_event_payload_in_kb integer DEFAULT NULL,
	max_event_batch_size integer DEFAULT NULL,
	enable_user_authentication smallint NOT NULL
)`

const soketiMySQL = "CREATE TABLE apps (" +
	"`id` varchar(255) NOT NULL," +
	"`key` varchar(255) NOT NULL," +
	"`secret` varchar(255) NOT NULL," +
	"`max_connections` integer(10) NOT NULL," +
	"`enabled` tinyint(1) NOT NULL," +
	"`enable_client_messages` tinyint(1) NOT NULL," +
	"`max_backend_events_per_sec` integer(10) NOT NULL," +
	"`max_client_events_per_sec` integer(10) NOT NULL," +
	"`max_read_req_per_sec` integer(10) NOT NULL," +
	"`webhooks` json," +
	"`max_presence_members_per_channel` tinyint(1) NULL," +
	"`max_presence_member_size_in_kb` tinyint(1) NULL," +
	"`max_channel_name_length` tinyint(1) NULL," +
	"`max_event_channels_at_once` tinyint(1) NULL," +
	"`max_event_name_length` tinyint(1) NULL," +
	"`max_event_payload_in_kb` tinyint(1) NULL," +
	"`max_event_batch_size` tinyint(1) NULL," +
	"`enable_user_authentication` tinyint(1) NOT NULL," +
	"PRIMARY KEY (`id`)) DEFAULT CHARSET=utf8mb4"
